"""Placeholders of the frozen graph state their shapes, or that they are unknown."""

import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.prune.state_shapes import state_shapes
from tests.freezing.small_models import edited, fed, perceptron, read, save

tf1 = tf.compat.v1


def shape_of(path, name: str = "x"):
    (node,) = (node for node in read(path).node if node.name == name)
    return node.attr["shape"].shape


def as_of_2016(meta):
    """Placeholders as TensorFlow 0.x wrote them: an empty shape, and a hint."""
    meta.graph_def.versions.producer = 15
    for node in meta.graph_def.node:
        if node.op == "Placeholder":
            node.attr["shape"].shape.Clear()


def test_the_shape_in_a_hint_is_written(tmp_path):
    prefix = save(perceptron, tmp_path, edit=as_of_2016)
    found = shape_of(freeze(prefix, outputs="y").output)
    assert [dim.size for dim in found.dim] == [-1, 4]


def unshaped():
    x = tf1.placeholder(tf.float32, name="x")
    tf.multiply(x, tf1.get_variable("w", [4]), name="y")


@pytest.mark.parametrize("edit", [None, as_of_2016], ids=["now", "2016"])
def test_an_unknown_shape_is_written_as_such(edit, tmp_path):
    prefix = save(unshaped, tmp_path, edit=edit)
    assert shape_of(freeze(prefix, outputs="y").output).unknown_rank


def test_an_absent_shape_is_written_as_unknown():
    editor = edited(lambda: tf.identity(fed(), name="y"))
    del editor.nodes["x"].attr["shape"]
    assert state_shapes(editor) == 1
    unknown = tensor_shape_pb2.TensorShapeProto(unknown_rank=True)
    assert editor.nodes["x"].attr["shape"].shape == unknown


def test_a_scalar_stays_a_scalar():
    scalar = lambda: tf1.placeholder(tf.float32, [], name="y")  # noqa: E731
    editor = edited(scalar)
    assert state_shapes(editor) == 0
    shape = editor.nodes["y"].attr["shape"].shape
    assert (shape.unknown_rank, len(shape.dim)) == (False, 0)
