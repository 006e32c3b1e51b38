"""A value that the card binds is one that the input's type has."""

import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from helpers.serving.model_file import read_model
from tests.serving.made_graphs import PAIR, write_graph


@pytest.fixture
def bound(tmp_path):
    """A function that binds a scalar of this type, and returns its value."""

    def bind(dtype, value):
        def build():
            photo = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="photo")
            scalar = tf1.placeholder(dtype, [], name="scalar")
            scale = tf1.cast(scalar, tf1.float32) if dtype != tf1.string else 1.0
            with tf1.control_dependencies([tf1.identity(scalar)]):
                means = tf1.reduce_mean(photo, [1, 2])[:, :2] * scale
            tf1.nn.softmax(means, name="answer")

        path = write_graph(tmp_path / "net.pb", build)
        card = PAIR | {"output": "answer", "bound": {"scalar": value}}
        path.with_suffix(".json").write_text(json.dumps(card))
        return read_model(path)[1].bound["scalar"]

    return bind


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (tf1.float32, 0.5),
        (tf1.float32, 1),
        (tf1.float64, True),
        (tf1.float16, 0.25),
        (tf1.int32, -3),
        (tf1.uint8, 255),
        (tf1.bool, False),
        (tf1.bool, 1),
    ],
    ids=str,
)
def test_a_value_that_the_type_has_is_bound(bound, dtype, value):
    found = bound(dtype, value)
    assert found == value
    assert found.dtype == np.dtype(dtype.as_numpy_dtype)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (tf1.int32, 0.5),
        (tf1.int32, 2**31),
        (tf1.int64, 1e30),
        (tf1.uint8, -1),
        (tf1.bool, 2),
        (tf1.float16, 1e6),
        (tf1.string, 1),
    ],
    ids=str,
)
def test_a_value_that_the_type_has_not_is_refused(bound, dtype, value):
    sentence = rf"net\.pb: bound: scalar is .+, and the input is {dtype.name}$"
    with pytest.raises(ValueError, match=sentence):
        bound(dtype, value)
