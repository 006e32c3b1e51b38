"""Kernels are rounded to bfloat16 values; each filter keeps its sum."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.model_spec import model_spec
from helpers.serving.open_session import open_session
from helpers.serving.precision import agree, has_bfloat16, predict_singly, probe_images
from helpers.serving.rounding import round_kernel, round_kernels

tf1 = tf.compat.v1
BFLOAT16 = tf.bfloat16.as_numpy_dtype
CARD = {
    "class_names": ["inside", "outside"],
    "image_size": 8,
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
}


def kernel(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def as_bfloat16(values):
    return values.astype(BFLOAT16).astype(np.float32)


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (1, 1, 2, 2), (5, 1, 1, 1)])
def test_every_number_is_one_that_bfloat16_holds(shape):
    found = round_kernel(kernel(*shape))
    assert found.shape == shape
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, as_bfloat16(found))


def test_the_sum_of_every_filter_stays():
    wanted = kernel(3, 3, 4, 8)
    lost = abs((round_kernel(wanted) - wanted).sum((0, 1)))
    plainly = abs((as_bfloat16(wanted) - wanted).sum((0, 1)))
    assert lost.max() < plainly.max() / 4
    smallest = abs(wanted).min((0, 1))
    assert (lost <= smallest * 2**-7).all()  # about a last place of the smallest


def test_no_weight_moves_further_than_to_a_neighbour():
    wanted = kernel(3, 3, 4, 8)
    moved = abs(round_kernel(wanted) - wanted)
    carried = abs(wanted).max((0, 1)) * 2**-8
    assert (moved <= abs(wanted) * 2**-8 + carried).all()


def convolved(x, weights):
    return tf.nn.conv2d(x, weights, 1, "SAME")


def behind_identities(x, weights):
    return convolved(x, tf.identity(tf.identity(weights)))


def measured_too(x, weights):
    return convolved(x, weights) + tf.reduce_sum(weights)


def measured_behind_an_identity(x, weights):
    read = tf.identity(weights)
    return convolved(x, read) + tf.reduce_sum(read)


def depthwise(x, weights):
    return tf.nn.depthwise_conv2d(x, weights, [1, 1, 1, 1], "SAME")


def over_a_constant_picture(x, weights):
    return x + tf.nn.conv2d(weights, tf.ones([1, 1, 3, 3]), 1, "SAME")[0, 0, 0]


def graph_of(network):
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        network(x, tf.constant(kernel(3, 3, 3, 3), name="weights"))
    return graph.as_graph_def()


@pytest.mark.parametrize("network", [convolved, behind_identities])
def test_what_only_convolutions_read_is_rounded(network):
    (found,) = round_kernels(graph_of(network)).items()
    assert found[0] == "weights"
    np.testing.assert_array_equal(found[1], round_kernel(kernel(3, 3, 3, 3)))


def kernel_behind(identities, *cycle):
    """A constant, a chain of Identity ops (the first with more inputs), a Conv2D."""
    graph_def = tf1.GraphDef()
    graph_def.node.add(name="0", op="Const").attr["dtype"].type = 1
    value = tf.make_tensor_proto(kernel(3, 3, 3, 3))
    graph_def.node[0].attr["value"].tensor.CopyFrom(value)
    for number in range(identities):
        inputs = [str(number), *(cycle if number == 0 else ())]
        graph_def.node.add(name=str(number + 1), op="Identity", input=inputs)
    graph_def.node.add(name="conv", op="Conv2D", input=["x", str(identities)])
    return graph_def


@pytest.mark.parametrize(("identities", "cycle"), [(5000, ()), (2, ("^2",))])
def test_identities_are_followed_however_many_and_in_a_circle(identities, cycle):
    assert list(round_kernels(kernel_behind(identities, *cycle))) == ["0"]


def test_one_number_for_all_of_a_kernel_is_left_as_it_is():
    graph_def = kernel_behind(0)
    tensor = graph_def.node[0].attr["value"].tensor
    tensor.ClearField("tensor_content")
    tensor.float_val.append(1)
    for dimension in tensor.tensor_shape.dim:
        dimension.size = 100_000
    assert not round_kernels(graph_def)


@pytest.mark.parametrize(
    "network",
    [measured_too, measured_behind_an_identity, depthwise, over_a_constant_picture],
)
def test_other_constants_stay(network):
    assert "weights" not in round_kernels(graph_of(network))


def contrast():
    """An edge detector whose weights lie between two bfloat16 values."""
    weights = np.full([3, 3, 3, 2], 1 + 2**-8 - 2**-12, np.float32)
    weights[1, 1] = -8
    weights[..., 1] *= -1
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        edges = tf.nn.conv2d(x, weights, 1, "VALID")
        tf.nn.softmax(4 * tf.reduce_mean(edges, [1, 2]), name="y_pred")
    return graph.as_graph_def()


@pytest.mark.skipif(not has_bfloat16(), reason="this CPU has no bfloat16")
def test_a_model_that_would_not_agree_does_with_rounded_kernels(tmp_path):
    graph_def = contrast()
    spec = model_spec(graph_def, tmp_path / "1.pb", CARD)
    wanted, plain, kept = (
        predict_singly(opened.run, probe_images(8))
        for opened in (
            open_session(graph_def, spec),
            open_session(graph_def, spec, bfloat16=True),
            open_session(graph_def, spec, round_kernels(graph_def), bfloat16=True),
        )
    )
    assert not agree(plain, wanted)
    assert agree(kept, wanted)
    path = tmp_path / "1.pb"
    path.write_bytes(graph_def.SerializeToString())
    with FrozenModel.load(path, CARD, quick=True) as model:
        assert model.bfloat16
