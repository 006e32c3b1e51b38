"""A GraphDef read with its large constants as arrays equals the file's GraphDef."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.mapped_graphs import map_graph
from helpers.checkpoints.tables import TableError
from helpers.checkpoints.wire_format import fields

tf1 = tf.compat.v1


@pytest.fixture
def graph_def():
    with tf.Graph().as_default() as graph:
        values = np.random.default_rng(1).random((20, 30))
        for dtype in ("float32", "float64", "int64", "bfloat16", "complex64", "bool"):
            tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype), name=dtype)
        tf.constant([["a" * 900]], name="words")
        tf.constant(0.5, shape=[900], name="one_value")
        with tf.control_dependencies([tf.no_op()]):
            tf.constant(values, name="waiting")
        tf.function(lambda x: x + values)(tf.constant(1.0, tf.float64))
    return graph.as_graph_def()


@pytest.fixture
def path(graph_def, tmp_path):
    (tmp_path / "graph.pb").write_bytes(graph_def.SerializeToString())
    return tmp_path / "graph.pb"


def test_constants_put_back_give_the_graph_of_the_file(graph_def, path):
    mapped = map_graph(path, large=500)
    large = {"float32", "float64", "int64", "bfloat16"}  # stored as bytes
    assert mapped.constants.keys() == {f"{name}:0" for name in large}
    theirs = {node.name: node for node in graph_def.node}
    for node in mapped.graph_def.node:
        if node.name in large:
            assert node.op == "Placeholder"
            value = tf.make_ndarray(theirs[node.name].attr["value"].tensor)
            ours = mapped.constants[f"{node.name}:0"]
            assert (ours.dtype, ours.shape) == (value.dtype, value.shape)
            assert ours.tobytes() == value.tobytes()
        else:
            assert node == theirs[node.name]
    assert mapped.graph_def.library == graph_def.library
    assert mapped.graph_def.versions == graph_def.versions


def test_small_constants_stay_in_the_graph(graph_def, path):
    assert map_graph(path) == (graph_def, {})


def test_fields_are_those_of_the_message(graph_def):
    data = graph_def.SerializeToString()
    nodes = [data[f.start : f.end] for f in fields(data) if f.number == 1]
    assert [tf1.NodeDef.FromString(node) for node in nodes] == list(graph_def.node)


def test_a_message_cut_short_is_refused(graph_def):
    data = graph_def.SerializeToString()
    with pytest.raises(TableError, match="goes beyond byte"):
        list(fields(data[:-3]))
