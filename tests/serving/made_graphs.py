"""Small frozen graphs of kinds that people bring, written by TensorFlow."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1
from PIL import Image

from helpers.serving.frozen_model import FrozenModel

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
RGB = {"class_names": ["r", "g", "b"], "pixels": "0..1"}
PAIR = {"class_names": ["dark", "light"], "pixels": "0..1"}


def write_graph(path: Path, build: Callable) -> Path:
    """The graph that `build` makes, as a `.pb` file without a card."""
    with tf1.Graph().as_default() as graph:
        build()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def image_net(head: Callable, shape=(None, 8, 8, 3), dtype=tf1.float32) -> Callable:
    """Builds a network from photos `images` over channel means to the op `answer`."""

    def build():
        images = tf1.placeholder(dtype, shape, name="images")
        axes = [1, 2] if shape[-1] in (1, 3) else [2, 3]
        tf1.identity(
            head(tf1.reduce_mean(tf1.cast(images, tf1.float32), axes)), "answer"
        )

    return build


def softmax(means):
    return tf1.nn.softmax(5 * means)


def logit(means):
    return 6 * (tf1.reduce_mean(means, 1, keepdims=True) - 0.5)


def sigmoid(means):
    return tf1.sigmoid(logit(means))


def filled(colour, height=8, width=8) -> np.ndarray:
    """A batch of one photo of one colour."""
    return np.full((1, height, width, 3), colour, np.uint8)


def photo_bytes(colour, kind="JPEG", size=(40, 30)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def refusal(path: Path, **stated) -> str:
    """The sentence with which a file is refused, without its path."""
    try:
        FrozenModel.load(path, stated=stated).close()
    except ValueError as error:
        return str(error).removeprefix(str(path))
    raise AssertionError("it was loaded")
