"""How networks end; TensorFlow's own shapes are the oracle."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.output_ending import last_op, output_width

WEIGHTS = np.ones([4, 7], np.float32)
ENDINGS = {
    "softmax": (
        lambda x: tf.nn.softmax(x @ WEIGHTS + np.ones(7, np.float32)),
        "Softmax",
    ),
    "sigmoid": (lambda x: tf.sigmoid(x @ WEIGHTS[:, :1]), "Sigmoid"),
    "logits": (lambda x: tf.nn.bias_add(x @ WEIGHTS, np.ones(7, "float32")), "BiasAdd"),
    "transposed": (lambda x: tf.matmul(x, WEIGHTS.T, transpose_b=True), "MatMul"),
    "passed on": (lambda x: tf.identity(tf.nn.softmax(x @ WEIGHTS)), "Softmax"),
}


def graph_of(ending):
    with tf1.Graph().as_default() as graph:
        tf.identity(ending(tf1.placeholder(tf.float32, [None, 4])), name="answer")
    return graph


def nodes_of(graph) -> dict:
    return {node.name: node for node in graph.as_graph_def().node}


def constant_shape(nodes):
    return lambda name: tf.make_ndarray(nodes[name].attr["value"].tensor).shape


@pytest.mark.parametrize("name", ENDINGS)
def test_the_width_is_that_of_the_last_layer(name):
    graph = graph_of(ENDINGS[name][0])
    nodes = nodes_of(graph)
    width = output_width(nodes, "answer:0", constant_shape(nodes))
    assert width == graph.get_tensor_by_name("answer:0").shape[-1]


@pytest.mark.parametrize("name", ENDINGS)
def test_the_last_op_is_the_one_that_computes(name):
    ending, op = ENDINGS[name]
    assert last_op(nodes_of(graph_of(ending)), "answer:0") == op


def test_a_width_that_no_layer_states_is_unknown():
    nodes = nodes_of(graph_of(lambda x: tf.nn.softmax(x * x)))
    assert output_width(nodes, "answer", constant_shape(nodes)) is None
    assert last_op(nodes, "nowhere") is None
