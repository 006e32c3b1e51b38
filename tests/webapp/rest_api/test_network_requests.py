"""Networks that take no photos, asked by TensorFlow Serving's API."""

import base64

import numpy as np
import pytest
from werkzeug.exceptions import BadRequest

from webapp.rest_api.classify_requests import rows_in

NAN = float("nan")
IDS = {"ids": [1, 2, 3], "words": "ab"}


# Row format


def test_a_single_output_is_a_plain_list(call):
    answer = call("price", {"instances": [[1, 2], [0.5, 0]]})
    assert answer.json == {"predictions": [[9.0], [2.0]]}


def test_several_outputs_are_an_object_for_each_instance(call):
    answer = call("two-ends", {"instances": [IDS, IDS | {"words": "é"}]})
    assert answer.json == {
        "predictions": [{"total": 6, "twice": "abab"}, {"total": 6, "twice": "éé"}]
    }


def test_an_input_may_be_named_in_each_instance(call):
    answer = call("price", {"instances": [{"features": [1, 2]}]})
    assert answer.json == {"predictions": [[9.0]]}


def test_a_batch_of_one_is_run_for_each_instance(call):
    rows = np.array([[1.0, 2, 3], [0, 0, 0]])
    expected = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    answer = call("one", {"instances": rows.tolist()})
    np.testing.assert_allclose(answer.json["predictions"], expected, atol=1e-6)


# Column format


def test_several_outputs_are_an_object_of_columns(call):
    answer = call("two-ends", {"inputs": {"ids": [[1, 2, 3]], "words": ["ab"]}})
    assert answer.json == {"outputs": {"total": [6], "twice": ["abab"]}}


def test_a_single_output_is_its_column(call):
    assert call("price", {"inputs": [[1, 2]]}).json == {"outputs": [[9.0]]}


def test_a_scalar_input_belongs_to_the_whole_request(call):
    request = {"inputs": {"mask": [[True, True], [False, True]], "factor": 1.5}}
    assert call("flags", request).json == {"outputs": [3.0, 1.5]}


def test_a_batch_of_one_is_split_in_the_column_format(call):
    answer = call("one", {"inputs": {"scores": [[0, 0, 0]] * 3}})
    np.testing.assert_allclose(answer.json["outputs"], [[1 / 3] * 3] * 3, atol=1e-6)


# Strings


def test_a_string_may_be_in_base64_and_its_answer_is_text(call):
    word = {"b64": base64.b64encode(b"ab").decode()}
    answer = call("two-ends", {"instances": [IDS | {"words": word}]})
    assert answer.json["predictions"][0]["twice"] == "abab"


def test_bytes_that_are_no_text_are_answered_in_base64(call):
    word = {"b64": base64.b64encode(b"\xff").decode()}
    answer = call("two-ends", {"inputs": {"ids": [[0, 0, 0]], "words": [word]}})
    twice = {"b64": base64.b64encode(b"\xff\xff").decode()}
    assert answer.json["outputs"]["twice"] == [twice]


# Classify and regress


def test_a_class_model_of_vectors_classifies_examples(call):
    answer = call("one", {"examples": [{"scores": [9.0, 0, 0]}]}, "classify")
    (row,) = answer.json["results"]
    assert [label for label, _ in row] == ["a", "b", "c"]
    assert row[0][1] > 0.99


def test_a_model_of_one_number_regresses_examples(call):
    request = {"examples": [{"features": [1, 2]}, {"features": [0, 0]}]}
    answer = call("price", request, "regress")
    assert answer.json == {"result": [9.0, 1.0], "results": [9.0, 1.0]}


def test_a_photo_may_be_regressed(call, red):
    answer = call("age", {"examples": [{"image": red}]}, "regress")
    assert answer.json["results"] == [pytest.approx(100)]


@pytest.mark.parametrize(
    ("name", "verb", "sentence"),
    [
        ("price", "classify", "tensorflow/serving/classify"),
        ("two-ends", "regress", "ask it to :predict"),
        ("many", "regress", "ask it to :classify or :predict"),
    ],
)
def test_a_method_without_a_signature_is_refused(call, name, verb, sentence):
    answer = call(name, {"examples": [{}]}, verb)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


# Refusals


@pytest.mark.parametrize(
    ("name", "request_", "sentence"),
    [
        pytest.param("price", {"instances": []}, "a list of 1 to 64", id="none"),
        pytest.param("price", {"instances": [1] * 65}, "1 to 64", id="too many"),
        pytest.param("price", {"inputs": [[1, 2]] * 65}, "65 instances", id="column"),
        pytest.param("price", {"instances": [[1, 2, 3]]}, "[3] came", id="shape"),
        pytest.param("price", {"inputs": [1, 2]}, "takes float32 [N, 2]", id="rank"),
        pytest.param("price", {"instances": [["a", 1]]}, "text came", id="text"),
        pytest.param("price", {"instances": [[True, 1]]}, "boolean", id="boolean"),
        pytest.param("price", {"instances": [[None, 1]]}, "null came", id="null"),
        pytest.param("price", {"instances": [[1e39, 1]]}, "beyond it", id="huge"),
        pytest.param("price", {"instances": [[10**400, 1]]}, "beyond", id="huge int"),
        pytest.param("price", {"instances": [[1], [1, 2]]}, "[1] came", id="ragged"),
        pytest.param(
            "price", {"inputs": [[1], [1, 2]]}, "different lengths", id="ragged column"
        ),
        pytest.param(
            "price", {"instances": [{"size": 1}]}, "named input: size", id="unknown"
        ),
        pytest.param("two-ends", {"instances": [[1]]}, "ids, words", id="no names"),
        pytest.param(
            "two-ends", {"instances": [{"ids": [1, 2, 3]}]}, "input words", id="absent"
        ),
        pytest.param(
            "two-ends", {"instances": [IDS | {"ids": [1.5] * 3}]}, "decimal", id="int"
        ),
        pytest.param(
            "two-ends",
            {"instances": [IDS | {"ids": [2**31] * 3}]},
            "beyond",
            id="int32",
        ),
        pytest.param(
            "two-ends", {"instances": [IDS | {"words": 3}]}, "is a text", id="no text"
        ),
        pytest.param(
            "flags",
            {"instances": [{"mask": [True, True], "factor": 2}]},
            "use the column format",
            id="scalar in rows",
        ),
        pytest.param(
            "flags", {"inputs": {"mask": [[1, 0]], "factor": 1}}, "bool", id="bool"
        ),
        pytest.param("lookup", {"instances": [4]}, "refuses", id="beyond a table"),
        pytest.param(
            "price", {"signature_name": "images", "inputs": 1}, "not found", id="name"
        ),
        pytest.param("price", {"instances": [[NAN, 1]]}, "not finite", id="NaN"),
    ],
)
def test_what_an_input_does_not_take_is_one_sentence(call, name, request_, sentence):
    answer = call(name, request_)
    assert answer.status_code == (502 if "finite" in sentence else 400)
    assert list(answer.json) == ["error"]
    assert sentence in answer.json["error"]


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ({}, "the features 'ids' and 'words'"),
        ({"ids": [1, 2, 3], "words": ["a"], "more": 1}, "and 'words' alone"),
    ],
)
def test_examples_have_the_features_of_the_network(features, sentence):
    inputs = dict.fromkeys(("ids", "words"))
    with pytest.raises(BadRequest, match=sentence):
        rows_in({"examples": [features]}, "classify", inputs, 64)
