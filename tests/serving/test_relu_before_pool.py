"""Relu moves before MaxPool with equal results, unless another op reads the MaxPool."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.serving.relu_before_pool import relu_before_pool

tf1 = tf.compat.v1


def convolved(images):
    weights = np.random.default_rng(0).normal(size=(3, 3, 1, 4)).astype(np.float32)
    return tf.nn.bias_add(tf.nn.conv2d(images, weights, 1, "SAME"), [0.1, -9, 0, 2])


def pooled(values):
    return tf.nn.max_pool2d(values, 2, 2, "SAME", name="pool")


def plain(values):
    return tf.nn.relu(pooled(values), name="relu")


def read_between(values):
    pool = pooled(values)
    return tf.nn.relu(pool, name="relu") - pool


def waited_for(values):
    pool = pooled(values)
    with tf.control_dependencies([pool]):
        late = tf.constant(1.0)
    return tf.nn.relu(pool, name="relu") * late


def graph_of(network):
    with tf.Graph().as_default() as graph:
        images = tf1.placeholder(tf.float32, [None, 7, 7, 1], name="images")
        tf.identity(network(convolved(images)) + 1.0, name="y_pred")
    return graph.as_graph_def()


def answers(graph_def):
    images = np.random.default_rng(1).normal(size=(3, 7, 7, 1))
    with tf.Graph().as_default() as graph:
        tf1.import_graph_def(graph_def, name="")
    with tf1.Session(graph=graph) as session:
        return session.run("y_pred:0", {"images:0": images})


def source_of(graph_def, name):
    (node,) = [node for node in graph_def.node if node.name == name]
    return node.input[0]


@pytest.mark.parametrize("suffix", ["", ":0"])
def test_the_two_change_places_and_the_answer_is_the_same(suffix):
    graph_def = graph_of(plain)
    for node in graph_def.node:
        for number, source in enumerate(node.input):
            node.input[number] = source + (suffix if source == "relu" else "")
    before = answers(graph_def)
    relu_before_pool(graph_def, "y_pred:0")
    assert source_of(graph_def, "pool") == "relu"
    assert source_of(graph_def, "relu") == "BiasAdd"
    np.testing.assert_array_equal(answers(graph_def), before)
    assert len(np.unique(before)) > 20


@pytest.mark.parametrize("network", [read_between, waited_for])
def test_a_pool_that_another_op_reads_stays(network):
    graph_def = graph_of(network)
    before = graph_def.SerializeToString(deterministic=True)
    relu_before_pool(graph_def, "y_pred:0")
    assert graph_def.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize("output", ["relu:0", "pool:0", "relu"])
def test_the_output_stays_what_it_is(output):
    graph_def = graph_of(plain)
    relu_before_pool(graph_def, output)
    assert source_of(graph_def, "relu") == "pool"
