"""Frozen graphs that are quick on every photo but a white one."""

from pathlib import Path

import tensorflow.compat.v1 as tf1

from tests.serving.made_graphs import photo_bytes
from tests.webapp.small_graphs import write

WHITE = photo_bytes((255, 255, 255), "PNG")
FOR_EVER = 2**31 - 1
CARD = {"class_names": ["a", "b"], "pixels": "0..1"}


def loops_on_white(path: Path, steps: int = FOR_EVER) -> Path:
    """A loop of one step, or of so many for a white photo."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 32, 32, 3], name="x")
        means = tf1.reduce_mean(x, [1, 2])
        is_white = tf1.reduce_mean(means) > 0.99
        last = tf1.where(is_white, steps, 1)
        _, end = tf1.while_loop(
            lambda step, _: step < last,
            lambda step, value: (step + 1, tf1.sin(value + 1.0)),
            [0, tf1.reduce_mean(means)],
        )
        tf1.nn.softmax(4 * means[:, :2] + 1e-6 * end, name="y")
    return write(graph, path, input="x:0", output="y:0", **CARD)
