"""A GraphDef imported into a graph of its own."""

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.own_graph import import_alone


def doubling() -> tf1.GraphDef:
    with tf.Graph().as_default() as graph:
        tf.multiply(tf1.placeholder(tf.float32, [], name="x"), 2.0, name="y")
    return graph.as_graph_def()


def test_an_imported_graph_holds_nothing_else_and_keeps_the_names():
    with tf.Graph().as_default() as default:
        graph, x, y = import_alone(doubling(), "x:0", "y:0")
    assert (x.name, y.name) == ("x:0", "y:0")
    assert x.graph is y.graph is graph
    assert len(graph.get_operations()) == len(doubling().node)
    assert not default.get_operations()
