"""Scaling that networks apply themselves; running them is the oracle."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.leading_scale import leading_scale

MEAN, STD = [123.7, 116.8, 103.9], [58.4, 57.1, 57.4]


def normalised(x):
    """What Keras's Normalization layer computes."""
    variance = np.square(np.float32(STD))
    return (x - np.float32(MEAN)) / tf.maximum(tf.sqrt(variance), 1e-7)


def batch_norm(x):
    ones, mean = np.ones(3, np.float32), np.float32(MEAN)
    return tf1.nn.fused_batch_norm(
        x, ones, 0 * ones, mean, np.square(np.float32(STD)), is_training=False
    )[0]


SCALINGS = {
    "rescaling": (lambda x: x * (1 / 255) + 0, "0..255"),
    "to -1..1": (lambda x: x / 127.5 - 1, "0..255"),
    "mean subtracted": (lambda x: x - np.float32(MEAN), "0..255"),
    "normalization": (normalised, "0..255"),
    "batch norm": (batch_norm, "0..255"),
    "reversed subtraction": (lambda x: 1 - x / 255, "0..255"),
    "from 0..1": (lambda x: x * 2 - 1, "0..1"),
    "centred": (lambda x: x - 0.5, "0..1"),
    "to 0..255": (lambda x: x * 255 - np.float32(MEAN), "0..1"),
    "cast first": (
        lambda x: tf.cast(tf.cast(x, tf.float64) / 255, tf.float32),
        "0..255",
    ),
    "resized first": (lambda x: tf1.image.resize_bilinear(x, [4, 4]) / 255, "0..255"),
    "channels first": (lambda x: x / np.full([1, 1, 1, 3], 255, np.float32), "0..255"),
}


def graph_of(scaling):
    """A network that scales its input and then convolves it."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        scaled = tf.identity(scaling(x), "scaled")
        tf.nn.conv2d(scaled, np.ones([1, 1, 3, 2], np.float32), 1, "SAME", name="y")
    return graph


@pytest.mark.parametrize("name", SCALINGS)
def test_the_scaling_is_what_the_graph_computes(name):
    graph = graph_of(SCALINGS[name][0])
    found = leading_scale(graph.as_graph_def(), "x:0")
    images = np.full([1, 8, 8, 3], [10, 100, 200], np.float32)
    with tf1.Session(graph=graph) as session:
        wanted = session.run("scaled:0", {"x:0": images})[0, 0, 0]
    np.testing.assert_allclose(
        found.scale * images[0, 0, 0] + found.offset, wanted, 1e-4
    )


@pytest.mark.parametrize("name", SCALINGS)
def test_the_range_of_pixels_follows_from_it(name):
    scaling, pixels = SCALINGS[name]
    found = leading_scale(graph_of(scaling).as_graph_def(), "x:0")
    assert found.pixels == pixels
    low, high = found.ends(pixels)
    assert high - low > 0.5  # the proposed range does not make every picture the same


@pytest.mark.parametrize(
    "scaling",
    [
        lambda x: x,
        lambda x: tf.stop_gradient(x),
        lambda x: x + tf.reverse(x, [1]),
        lambda x: x * x,
        lambda x: x / tf.reduce_max(x),
        lambda x: x * np.ones([8, 8, 3], np.float32),
    ],
    ids=["none", "passed on", "mirrored", "squared", "by its own", "by place"],
)
def test_anything_else_is_no_scaling(scaling):
    assert leading_scale(graph_of(scaling).as_graph_def(), "x:0") is None


def test_the_description_names_the_op():
    found = leading_scale(graph_of(lambda x: x / 127.5 - 1).as_graph_def(), "x:0")
    assert found.describe() == "the network itself computes 0.00784 x - 1 (truediv)"
