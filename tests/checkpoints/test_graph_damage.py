"""What is found in graphs that TensorFlow did not write."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.graph_damage import constant_fault, damage_of


@pytest.fixture
def graph_def():
    """A placeholder, a constant, their sum, and a function that is called."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf.add(x, tf.constant([1.0, 2.0], name="two"), name="y")
        double = tf.function(lambda t: tf.multiply(t, 2.0)).get_concrete_function(y)
        double(y)
    return graph.as_graph_def()


def node(graph_def, name: str):
    return next(one for one in graph_def.node if one.name == name)


def test_a_whole_graph_has_none(graph_def):
    assert graph_def.library.function
    assert damage_of(graph_def) is None


def test_an_op_has_the_inputs_that_it_takes(graph_def):
    del node(graph_def, "y").input[1:]
    assert damage_of(graph_def) == "op 'y' (AddV2) has 1 of 2 inputs"


def test_control_inputs_do_not_count(graph_def):
    node(graph_def, "y").input.append("^x")
    assert damage_of(graph_def) is None


def test_an_op_that_tensorflow_does_not_have_may_take_any_number(graph_def):
    graph_def.node.add(name="mine", op="MyOp", input=["x", "y", "two"])
    assert damage_of(graph_def) is None


@pytest.mark.parametrize("text", ["t:0", "no_output", "a:b:c", "a::0", "^"])
def test_an_input_in_a_function_names_an_argument_or_an_output(graph_def, text):
    (function,) = graph_def.library.function
    changed = next(one for one in function.node_def if one.op == "Mul")
    changed.input[0] = text
    assert damage_of(graph_def) == (
        f"in the function {function.signature.name!r}, op {changed.name!r} has the "
        f"input {text!r}"
    )


# Constants


@pytest.mark.parametrize(
    "value",
    [
        [1.0, 2.0],
        np.zeros((0, 3)),
        5,
        "text",
        ["a", "b"],
        np.ones(3, np.complex64),
        True,
    ],
)
def test_a_tensor_that_tensorflow_writes_has_no_fault(value):
    assert constant_fault(tf.make_tensor_proto(value)) is None


def test_one_value_may_stand_for_all_elements():
    assert constant_fault(tf.make_tensor_proto(1.0, shape=[1000, 1000])) is None


def test_a_text_constant_may_be_stored_in_any_number_of_bytes():
    tensor = tf.make_tensor_proto(["a", "b"])
    tensor.tensor_content, tensor.string_val[:] = b"\x01\x01ab", []
    assert constant_fault(tensor) is None


FAULTS = {
    "no type": (lambda t: setattr(t, "dtype", 0), "the type number 0"),
    "negative": (lambda t: setattr(t.tensor_shape.dim[0], "size", -2), "not known"),
    "no elements": (
        lambda t: t.tensor_shape.dim.add(size=0),
        "3 values, and its shape 0",
    ),
    "scalar": (lambda t: t.tensor_shape.Clear(), "3 values, and its shape 1"),
    "huge": (lambda t: t.tensor_shape.dim.add(size=1 << 62), "can count"),
    "bytes": (
        lambda t: setattr(t, "tensor_content", bytes(11)),
        "11 bytes of values, and its shape 12",
    ),
}


@pytest.mark.parametrize(("change", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_tensor_that_cannot_be_is_found(graph_def, change, fault):
    tensor = node(graph_def, "two").attr["value"].tensor
    tensor.CopyFrom(tf.make_tensor_proto(1.0, shape=[3]))
    tensor.float_val[:] = [1, 2, 3]
    change(tensor)
    assert fault in damage_of(graph_def)
