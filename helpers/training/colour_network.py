"""Saves a network that expects pixels in the style of Caffe, and has no model card.

Taught in notebooks/07_serve_two_models.ipynb.
"""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

COLOURS = ("red", "blue")


def save_colour_network(prefix: str | Path) -> None:
    """Save the checkpoint of a network that tells red pictures from blue ones.

    Its input `data` is blue before red (BGR), each channel minus its mean; `scores` are
    the logits, `prob` the probabilities of COLOURS.
    """
    with tf.Graph().as_default(), tf1.Session() as session:
        data = tf1.placeholder(tf.float32, [None, 64, 64, 3], name="data")
        rows = [[-0.1, 0.1], [0.0, 0.0], [0.1, -0.1]]  # of blue, green and red
        w = tf1.get_variable("w", initializer=rows)
        scores = tf.matmul(tf.reduce_mean(data, [1, 2]), w, name="scores")
        tf.nn.softmax(scores, name="prob")
        session.run(w.initializer)
        tf1.train.Saver().save(session, str(prefix))
