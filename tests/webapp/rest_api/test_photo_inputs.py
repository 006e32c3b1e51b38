"""Networks that take photos in other ways than the lesson's, by every signature."""

import json

import numpy as np
import pytest

from tests.webapp.running_app import photo

PLAIN = {"red": (255, 0, 0), "green": (0, 255, 0)}
COLOURED = ("whole", "nchw", "sigmoid", "jpeg")  # models whose classes are colours


def pixels(colour: str, height: int, width: int) -> list:
    return np.full([height, width, 3], PLAIN[colour]).tolist()


def predictions(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.array(answer.json["predictions"])


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("place", [0, 1])
def test_photo_is_given_to_each_network_as_it_takes_it(kinds_client, name, place):
    colour = ("red", "green")[place]
    answer = kinds_client.post(f"/predict?model={name}", data=photo(colour))
    assert answer.json["label"] == colour


@pytest.mark.parametrize("name", ["whole", "nchw"])
def test_images_are_rgb_pixels_whatever_the_network_takes(call, name):
    request = {"signature_name": "images", "instances": [pixels("green", 4, 6)] * 2}
    rows = predictions(call(name, request))
    assert rows.argmax(1).tolist() == [1, 1]


@pytest.mark.parametrize("name", COLOURED)
def test_photos_are_the_bytes_of_files(call, red, name):
    request = {"signature_name": "photos", "instances": [red, red]}
    rows = predictions(call(name, request))
    assert rows.argmax(1).tolist() == [0, 0]
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-6)


def test_x_is_channels_first_where_the_network_is(call):
    values = np.full([1, 3, 4, 6], -1.0)
    values[:, 2] = 1
    rows = predictions(
        call("nchw", {"signature_name": "x", "instances": values.tolist()})
    )
    exponentials = np.exp([-2, -2, 2])
    np.testing.assert_allclose(rows[0], exponentials / exponentials.sum(), atol=1e-6)


def test_x_is_whole_numbers_where_the_network_takes_them(call):
    rows = predictions(call("whole", {"instances": [{"x": pixels("red", 4, 6)}]}))
    assert rows[0].argmax() == 0


def test_x_has_one_channel_where_the_network_has(call):
    dark = np.zeros([1, 28, 28, 1]).tolist()
    rows = predictions(call("grey", {"instances": dark}))  # decimals: the own input
    assert rows[0].argmax() == 0


def test_a_sigmoid_becomes_a_pair_that_sums_to_one(call):
    values = np.zeros([1, 8, 8, 3])
    values[..., 1] = 1
    rows = predictions(call("sigmoid", {"instances": [{"x": values[0].tolist()}]}))
    np.testing.assert_allclose(rows[0, 1], 1 / (1 + np.exp(-4)), atol=1e-6)
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-6)


def test_all_outputs_of_a_photo_are_answered(call, red):
    answer = call("embedding", {"instances": [red]})
    (row,) = answer.json["predictions"]
    assert row["embedding"] == pytest.approx([1, 0, 0] * 4)
    assert row["sum"] == pytest.approx(4)


def test_a_network_that_decodes_takes_photos_under_its_own_name(call, red):
    rows = predictions(call("jpeg", {"instances": [{"contents": red}]}))
    assert rows[0].argmax() == 0


def test_classify_and_predict_give_the_same_numbers(call, red):
    (classified,) = call("jpeg", {"examples": [{"image": red}]}, "classify").json[
        "results"
    ]
    (row,) = call("jpeg", {"instances": [red]}).json["predictions"]
    assert [score for _, score in classified] == pytest.approx(row)


@pytest.mark.parametrize(
    ("name", "request_", "sentence"),
    [
        pytest.param("jpeg", {"instances": [[1, 2]]}, "base64", id="numbers as JPEG"),
        pytest.param("jpeg", {"instances": ["text"]}, "base64", id="text as JPEG"),
        pytest.param(
            "nchw", {"instances": [[[[0.5] * 3] * 6] * 4]}, "[3, 4, 6]", id="NHWC"
        ),
        pytest.param(
            "whole",
            {"inputs": {"x": [[[[0.5] * 3] * 6] * 4]}},
            "whole numbers",
            id="decimals",
        ),
        pytest.param(
            "whole", {"instances": [[[[0] * 3] * 4] * 6]}, "[4, 6, 3]", id="turned"
        ),
        pytest.param(
            "nchw",
            {"inputs": {"x": [[[[2] * 6] * 4] * 3]}},
            "takes -1 to 1",
            id="range",
        ),
    ],
)
def test_what_a_photo_input_does_not_take_is_one_sentence(
    call, name, request_, sentence
):
    answer = call(name, request_)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


# Metadata


@pytest.fixture
def signatures(kinds_client):
    def signatures(name: str) -> dict:
        answer = kinds_client.get(f"/v1/models/{name}/metadata").json
        return answer["metadata"]["signature_def"]["signature_def"]

    return signatures


def shape(tensor: dict) -> list[int]:
    return [int(dim["size"]) for dim in tensor["tensor_shape"]["dim"]]


def test_metadata_has_every_own_input_and_output(signatures):
    (signature,) = signatures("two-ends").values()
    found = {
        name: (tensor["dtype"], shape(tensor), tensor["name"])
        for name, tensor in (signature["inputs"] | signature["outputs"]).items()
    }
    assert found == {
        "ids": ("DT_INT32", [-1, 3], "ids:0"),
        "words": ("DT_STRING", [-1], "words:0"),
        "total": ("DT_INT32", [-1], "total:0"),
        "twice": ("DT_STRING", [-1], "twice:0"),
    }


@pytest.mark.parametrize(
    ("name", "dtype", "sizes"),
    [
        ("whole", "DT_UINT8", [-1, 4, 6, 3]),
        ("nchw", "DT_FLOAT", [-1, 3, 4, 6]),
        ("grey", "DT_FLOAT", [-1, 28, 28, 1]),
    ],
)
def test_x_is_described_as_the_networks_own_input(signatures, name, dtype, sizes):
    x = signatures(name)["x"]["inputs"]["x"]
    assert (x["dtype"], shape(x)) == (dtype, sizes)
    images = signatures(name)["images"]["inputs"]["images"]
    assert (images["dtype"], shape(images)[-1]) == ("DT_UINT8", 3)


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("price", ["serving_default", "regress"]),
        ("age", ["serving_default", "images", "photos", "x", "regress"]),
        ("one", ["serving_default", "classify"]),
        ("jpeg", ["serving_default", "photos", "classify"]),
        ("embedding", ["serving_default", "images", "photos", "x"]),
    ],
)
def test_a_model_has_the_signatures_that_it_answers(signatures, name, methods):
    assert list(signatures(name)) == methods


def test_every_model_has_metadata_and_a_report(kinds, kinds_client):
    report = {
        model["name"]: model for model in kinds_client.get("/models").json["models"]
    }
    assert list(report) == list(kinds.names)
    for name in kinds.names:
        assert kinds_client.get(f"/v1/models/{name}/metadata").status_code == 200
        json.dumps(report[name], allow_nan=False)


def test_report_says_inputs_outputs_preprocessing_and_what_was_assumed(kinds_client):
    report = {
        model["name"]: model for model in kinds_client.get("/models").json["models"]
    }
    assert [ends["name"] for ends in report["two-ends"]["inputs"]] == [
        "ids:0",
        "words:0",
    ]
    assert report["two-ends"]["photo"] is None
    assert "one grey channel" in report["grey"]["photo"]
    assert (
        report["sigmoid"]["answers_with"] == "probabilities of 2 classes of one sigmoid"
    )
    assert "NaN" in report["nan"]["notes"][0]


def test_x_of_a_network_of_numbers_gives_all_its_outputs(call):
    values = np.full([2, 8, 8, 3], 0.5).tolist()
    outputs = call("embedding", {"inputs": {"x": values}}).json["outputs"]
    assert outputs["sum"] == pytest.approx([6, 6])
    assert np.shape(outputs["embedding"]) == (2, 12)


def test_x_of_one_number_is_one_number_for_each_photo(call):
    values = np.full([2, 8, 8, 3], 0.5).tolist()
    rows = predictions(call("age", {"signature_name": "x", "instances": values}))
    np.testing.assert_allclose(rows, [50, 50], atol=1e-4)
