"""Graphs that hang, kill or fill the process that loads them; each takes photos."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import tensorflow.compat.v1 as tf1

SIDE = 8  # pixels
CARD = {
    "class_names": ["cat", "dog"],
    "input": "x:0",
    "output": "y_pred:0",
    "image_size": SIDE,
    "pixels": "0..1",
}


def net(change: Callable[[tf1.Tensor], tf1.Tensor]) -> tf1.GraphDef:
    """A network whose logits, [N, 2], pass this function."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, SIDE, SIDE, 3], name="x")
        logits = change(4 * tf1.reduce_mean(x, [1, 2])[:, :2])
        tf1.nn.softmax(logits, name="y_pred")
        tf1.constant(json.dumps(CARD), name="model_card")
        return graph.as_graph_def()


def good() -> tf1.GraphDef:
    return net(tf1.identity)


def endless() -> tf1.GraphDef:
    """A while loop that never ends."""
    return net(
        lambda logits: tf1.while_loop(
            lambda value: tf1.reduce_all(value < 1e9), lambda value: value * 1, [logits]
        )
    )


def large(gigabytes: float = 3) -> tf1.GraphDef:
    """An allocation of this size, which the file states in a few bytes."""

    def allocate(logits):
        count = tf1.cast(tf1.reduce_sum(logits) * 0 + gigabytes * 2.5e8, tf1.int64)
        return logits + 0 * tf1.reduce_mean(tf1.fill([count], 1.5))

    return net(allocate)


def write(path: Path, graph_def: tf1.GraphDef) -> Path:
    """Publish a graph: write it beside its place, and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(graph_def.SerializeToString())
    beside.replace(path)
    return path


def sparse(path: Path, size: int = 2_500_000_000) -> Path:
    """A file of zeros that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        os.truncate(file.fileno(), size)
    return path
