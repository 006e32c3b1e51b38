"""Outputs as the row and the column format of TensorFlow Serving's API."""

import ml_dtypes
import numpy as np
import pytest
from werkzeug.exceptions import BadRequest

from webapp.rest_api.answers import predict_json
from webapp.rest_api.json_values import json_value

SCORES, BOXES = np.float32([[0.1, 0.9], [0.5, 0.5]]), np.zeros([2, 1, 4], np.int32)


def test_one_output_has_no_name_in_either_format():
    assert predict_json({"s": SCORES}, 2) == {"predictions": [[0.1, 0.9], [0.5, 0.5]]}
    assert predict_json({"s": SCORES}, None) == {"outputs": [[0.1, 0.9], [0.5, 0.5]]}


def test_several_outputs_are_named_in_either_format():
    outputs = {"s": SCORES, "b": BOXES}
    rows = predict_json(outputs, 2)["predictions"]
    assert rows[0] == {"s": [0.1, 0.9], "b": [[0, 0, 0, 0]]}
    assert list(predict_json(outputs, None)["outputs"]) == ["s", "b"]


@pytest.mark.parametrize("array", [np.float32(1), SCORES[:1]], ids=["scalar", "one"])
def test_an_output_without_a_row_an_instance_needs_the_column_format(array):
    with pytest.raises(BadRequest, match="use the column format"):
        predict_json({"s": SCORES, "total": array}, 2)
    outputs = predict_json({"s": SCORES, "total": array}, None)["outputs"]
    assert outputs["total"] == json_value(array)


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (np.float32(0.1), 0.1),
        (np.float32([[[0.1]]]), [[[0.1]]]),
        (np.float64(0.1), 0.1),
        (np.array([0.5], ml_dtypes.bfloat16), [0.5]),
        (np.array([True]), [True]),
        (np.int64(2**60), 2**60),
        (np.zeros([0, 3], np.float32), []),
        (np.array(b"cat", object), "cat"),
        (np.array([[b"\xfe"]], object), [[{"b64": "/g=="}]]),
    ],
    ids=str,
)
def test_values_are_the_shortest_that_are_equal(array, value):
    assert json_value(array) == value


def test_what_json_has_not_is_one_sentence():
    with pytest.raises(BadRequest, match="no numbers of dtype complex64"):
        json_value(np.complex64([1j]))
