"""The leak of notebook 06, in a file: a line profiler reads its source from one.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import tensorflow as tf


def serve_leaking(photos, session):
    """Decode each photo with an op of its own."""
    for data in photos:
        with session.graph.as_default():
            image = tf.io.decode_image(data, channels=3)
        session.run(image)
