"""The leak of notebook 06, in a file: a line profiler reads its source from one.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

from collections.abc import Iterable

import tensorflow as tf


def serve_leaking(photos: Iterable[bytes], session: tf.compat.v1.Session) -> None:
    """Decode each photo with an op of its own, as many a published view does."""
    for data in photos:
        with session.graph.as_default():
            image = tf.io.decode_image(data, channels=3)
        session.run(image)
