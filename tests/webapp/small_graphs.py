"""Small frozen graphs of each kind that people bring, with their cards."""

import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1

MANY = [f"class {number}" for number in range(1000)]


def write(graph: tf1.Graph, path: Path, **card) -> Path:
    """The graph with its card, as a file."""
    with graph.as_default():
        tf1.constant(json.dumps(card), name="model_card")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def price(path: Path) -> Path:
    """A vector in, one number out: 2 a + 3 b + 1."""
    with tf1.Graph().as_default() as graph:
        features = tf1.placeholder(tf1.float32, [None, 2], name="features")
        total = tf1.matmul(features, [[2.0], [3.0]]) + 1.0
        tf1.identity(total, name="price")
    return write(graph, path, input="features:0", output="price:0", output_is="values")


def two_ends(path: Path) -> Path:
    """Two inputs, integers and texts; two outputs, their sum and their texts."""
    with tf1.Graph().as_default() as graph:
        ids = tf1.placeholder(tf1.int32, [None, 3], name="ids")
        words = tf1.placeholder(tf1.string, [None], name="words")
        tf1.reduce_sum(ids, 1, name="total")
        tf1.strings.join([words, words], name="twice")
    ends = {"inputs": ["ids:0", "words:0"], "outputs": ["total:0", "twice:0"]}
    return write(graph, path, **ends, output_is="values")


def flags(path: Path) -> Path:
    """A vector of booleans and a scalar beside it: how many are set, times it."""
    with tf1.Graph().as_default() as graph:
        mask = tf1.placeholder(tf1.bool, [None, 2], name="mask")
        factor = tf1.placeholder(tf1.float32, [], name="factor")
        count = tf1.reduce_sum(tf1.cast(mask, tf1.float32), 1)
        tf1.multiply(count, factor, name="count")
    ends = {"inputs": ["mask:0", "factor:0"], "outputs": ["count:0"]}
    return write(graph, path, **ends, output_is="values")


def one_at_a_time(path: Path) -> Path:
    """A batch of exactly 1: the vector's softmax."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [1, 3], name="scores")
        tf1.nn.softmax(x, name="shares")
    ends = {"input": "scores:0", "output": "shares:0"}
    return write(graph, path, **ends, class_names=["a", "b", "c"])


def lookup(path: Path) -> Path:
    """An embedding of 4 ids: an id beyond them is refused by the network."""
    with tf1.Graph().as_default() as graph:
        ids = tf1.placeholder(tf1.int64, [None], name="ids")
        table = tf1.constant(np.arange(8, dtype=np.float32).reshape(4, 2))
        with tf1.device("/cpu:0"):
            tf1.gather(table, ids, name="vectors")
    return write(graph, path, input="ids:0", output="vectors:0", output_is="values")


def many_classes(path: Path) -> Path:
    """1,000 classes: the redder a photo, the likelier the last one."""
    with tf1.Graph().as_default() as graph:
        images = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="images")
        redness = tf1.reduce_mean(images, [1, 2])[:, :1]
        slope = np.linspace(0, 9, len(MANY), dtype=np.float32)
        tf1.nn.softmax(redness * slope[None], name="prob")
    ends = {"input": "images:0", "output": "prob:0", "pixels": "0..1"}
    return write(graph, path, **ends, class_names=MANY)


def colours(path: Path) -> Path:
    """Six classes: how close a photo's mean colour is to each."""
    names = ["red", "orange", "yellow", "green", "blue", "black"]
    palette = [[1, 0, 0], [1, 0.5, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="picture")
        mean = tf1.reduce_mean(x, [1, 2])[:, None]
        distances = tf1.reduce_sum((mean - np.float32([palette])) ** 2, 2)
        tf1.nn.softmax(-5 * distances, name="prob")
    ends = {"input": "picture:0", "output": "prob:0", "pixels": "0..1"}
    return write(graph, path, **ends, class_names=names)


def embedding(path: Path) -> Path:
    """A photo's 12 mean colours, and their sum."""
    with tf1.Graph().as_default() as graph:
        images = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="images")
        vector = tf1.tile(tf1.reduce_mean(images, [1, 2]), [1, 4], name="embedding")
        tf1.reduce_sum(vector, 1, name="sum")
    ends = {"input": "images:0", "outputs": ["embedding:0", "sum:0"]}
    return write(graph, path, **ends, pixels="0..1", output_is="values")


def jpeg_bytes(path: Path, side: int = -1) -> Path:
    """A JPEG's bytes in: how red and how green its photo is.

    Args:
      side: of the square that the network cuts from it; -1: the whole photo.
    """
    with tf1.Graph().as_default() as graph:
        contents = tf1.placeholder(tf1.string, [], name="contents")
        image = tf1.image.decode_jpeg(contents, channels=3)
        part = tf1.slice(image, [0, 0, 0], [side, side, 3])
        means = tf1.reduce_mean(tf1.cast(part, tf1.float32) / 255, [0, 1])
        tf1.nn.softmax(4 * means[None, :2], name="prob")
    ends = {"input": "contents:0", "output": "prob:0"}
    return write(graph, path, **ends, class_names=["red", "green"])


def crop(path: Path) -> Path:
    """The same, of 50 x 50 pixels."""
    return jpeg_bytes(path, side=50)


def nan_for_red(path: Path) -> Path:
    """Probabilities that are NaN for a wholly red photo."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="pictures")
        means = tf1.reduce_mean(x, [1, 2])
        odd = tf1.where(
            means[:, 0] > means[:, 1] + 0.9, 0 * means[:, 0], 1 + means[:, 1]
        )
        shares = tf1.stack([odd, 1 / odd], 1) * (odd / odd)[:, None]
        tf1.nn.softmax(shares, name="prob")
    ends = {"input": "pictures:0", "output": "prob:0", "pixels": "0..1"}
    return write(graph, path, **ends, class_names=["cat", "dog"])


def grey(path: Path) -> Path:
    """28 x 28 grey pixels: dark or bright."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 28, 28, 1], name="digit")
        mean = tf1.reduce_mean(x, [1, 2])
        tf1.nn.softmax(8 * tf1.concat([0.5 - mean, mean - 0.5], 1), name="prob")
    ends = {"input": "digit:0", "output": "prob:0", "pixels": "0..1"}
    return write(graph, path, **ends, class_names=["dark", "bright"])


def whole_pixels(path: Path) -> Path:
    """uint8 pixels, 4 high and 6 wide: red, green or blue."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.uint8, [None, 4, 6, 3], name="pixels")
        means = tf1.reduce_mean(tf1.cast(x, tf1.float32) / 64, [1, 2])
        tf1.nn.softmax(means, name="prob")
    ends = {"input": "pixels:0", "output": "prob:0"}
    return write(graph, path, **ends, class_names=["red", "green", "blue"])


def channels_first(path: Path) -> Path:
    """NCHW, -1..1: red, green or blue."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 3, 4, 6], name="nchw")
        tf1.nn.softmax(2 * tf1.reduce_mean(x, [2, 3]), name="prob")
    ends = {"input": "nchw:0", "output": "prob:0", "pixels": "-1..1"}
    return write(graph, path, **ends, class_names=["red", "green", "blue"])


def sigmoid(path: Path) -> Path:
    """One sigmoid: the probability of the second of two classes, green."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="picture")
        means = tf1.reduce_mean(x, [1, 2])
        tf1.sigmoid(4 * (means[:, 1:2] - means[:, :1]), name="green")
    ends = {"input": "picture:0", "output": "green:0", "pixels": "0..1"}
    card = {"class_names": ["red", "green"], "output_is": "sigmoid"}
    return write(graph, path, **ends, **card)


def age(path: Path) -> Path:
    """A photo in, one number out: 100 times how red it is."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="face")
        tf1.multiply(tf1.reduce_mean(x[..., 0], [1, 2]), 100.0, name="age")
    ends = {"input": "face:0", "output": "age:0", "pixels": "0..1"}
    return write(graph, path, **ends, output_is="values")


KINDS = {
    "many": many_classes,
    "price": price,
    "two-ends": two_ends,
    "flags": flags,
    "one": one_at_a_time,
    "lookup": lookup,
    "embedding": embedding,
    "jpeg": jpeg_bytes,
    "crop": crop,
    "nan": nan_for_red,
    "grey": grey,
    "whole": whole_pixels,
    "nchw": channels_first,
    "sigmoid": sigmoid,
    "age": age,
}


def write_kinds(folder: Path) -> dict[str, Path]:
    """A file of each kind."""
    return {name: make(folder / name / "1.pb") for name, make in KINDS.items()}
