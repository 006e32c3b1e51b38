"""TensorFlow Serving's REST API, field by field as its documentation describes it.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json

import numpy as np
import pytest

from helpers.serving.library import Library
from helpers.serving.reloading import follow
from helpers.serving.versions import published_in
from tests.webapp.running_app import photo, write_model
from webapp.app import create_app
from webapp.serving.admission import TOO_MANY

CATS = "/v1/models/cats"
TABBY, LION = (  # softmax of 4 and 0, as any CPU rounds it
    pytest.approx(value, abs=1e-6) for value in (0.98201379, 0.01798621)
)
RED = [TABBY, LION]
NAN = float("nan")
SIGNATURES = ["serving_default", "images", "photos", "x", "classify"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "cats" / "3.pb", image_size=8)
    write_model(folder / "cats" / "7.pb", image_size=8, class_names=["tabby", "lion"])
    (folder / "cats" / "labels.json").write_text('{"stable": 3}')
    return folder


@pytest.fixture(scope="module")
def library(folder):
    with Library.load_folder(folder) as library:
        yield library


@pytest.fixture(scope="module")
def client(library):
    return create_app(library).test_client()


@pytest.fixture
def ask(client):
    def post(request, path=f"{CATS}:predict"):
        sent = request if isinstance(request, bytes) else json.dumps(request)
        return client.post(path, data=sent)

    return post


def b64(data: bytes) -> dict:
    return {"b64": base64.b64encode(data).decode()}


def picture(red, green=0, count=1) -> list:
    """Pictures of 8 x 8 pixels as nested lists."""
    return [[[[red, green, 0]] * 8] * 8] * count


# Status


def version_status(version, state="AVAILABLE", code="OK", message=""):
    return {
        "version": version,
        "state": state,
        "status": {"error_code": code, "error_message": message},
    }


def test_status_is_of_all_versions(client):
    assert client.get(CATS).json == {
        "model_version_status": [version_status("7"), version_status("3")]
    }


@pytest.mark.parametrize("which", ["versions/3", "labels/stable"])
def test_status_is_of_one_version(client, which):
    assert client.get(f"{CATS}/{which}").json == {
        "model_version_status": [version_status("3")]
    }


def test_status_of_a_broken_version_says_why(tmp_path):
    write_model(tmp_path / "cats" / "1.pb")
    with Library.load_folder(tmp_path) as library:
        (tmp_path / "cats" / "2.pb").write_bytes(b"not a graph")
        (failure,) = follow(library, published_in(tmp_path))
        status = create_app(library).test_client().get(CATS).json
    assert status["model_version_status"] == [
        version_status("2", "END", "UNKNOWN", str(failure.error)),
        version_status("1"),
    ]


def test_all_models_are_listed(client):
    (model,) = client.get("/v1/models").json["models"]
    assert model["name"] == "cats"
    assert model["model_version_status"][0]["version"] == "7"


# Metadata


def test_metadata_names_model_and_version(client):
    spec = {"name": "cats", "signature_name": "", "version": "7"}
    assert client.get(f"{CATS}/metadata").json["model_spec"] == spec


@pytest.mark.parametrize("which", ["versions/3", "labels/stable"])
def test_metadata_is_of_the_version_asked_for(client, which):
    metadata = client.get(f"{CATS}/{which}/metadata").json
    assert metadata["model_spec"]["version"] == "3"


def test_metadata_describes_each_tensor(client):
    found = client.get(f"{CATS}/metadata").json["metadata"]["signature_def"]
    assert list(found["signature_def"]) == SIGNATURES
    default = found["signature_def"]["serving_default"]
    dim = [{"size": size, "name": ""} for size in ("-1", "8", "8", "3")]
    assert default["method_name"] == "tensorflow/serving/predict"
    assert default["inputs"]["images"] == {
        "dtype": "DT_UINT8",
        "tensor_shape": {"dim": dim, "unknown_rank": False},
        "name": "images:0",
    }
    assert default["outputs"]["probabilities"]["name"] == "y_pred:0"


def test_metadata_names_tensors_of_the_graph(client, library):
    found = client.get(f"{CATS}/metadata").json["metadata"]["signature_def"]
    graph = library.model("cats").model.graph
    for signature in found["signature_def"].values():
        for tensor in [*signature["inputs"].values(), *signature["outputs"].values()]:
            if name := tensor["name"]:
                assert graph.get_tensor_by_name(name).name == name


# Predict


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        pytest.param({"instances": [b64(photo())]}, "predictions", id="row"),
        pytest.param({"inputs": [b64(photo())]}, "outputs", id="column"),
        pytest.param(
            {"instances": [{"photos": b64(photo())}]}, "predictions", id="named row"
        ),
        pytest.param(
            {"inputs": {"photos": [b64(photo())]}}, "outputs", id="named column"
        ),
        pytest.param({"instances": picture(255)}, "predictions", id="whole numbers"),
        pytest.param({"inputs": picture(255)}, "outputs", id="column of numbers"),
        pytest.param({"inputs": {"images": picture(255)}}, "outputs", id="images"),
        pytest.param({"instances": picture(1.0)}, "predictions", id="decimals"),
        pytest.param({"inputs": {"x": picture(1)}}, "outputs", id="x"),
        pytest.param(
            {"signature_name": "x", "instances": picture(1)}, "predictions", id="by x"
        ),
        pytest.param(
            {"signature_name": "photos", "instances": [b64(photo())]},
            "predictions",
            id="by photos",
        ),
        pytest.param(
            {"signature_name": "serving_default", "instances": [b64(photo())]},
            "predictions",
            id="by the default",
        ),
    ],
)
def test_probabilities_come_in_the_format_of_the_request(ask, request_, key):
    answer = ask(request_)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json == {key: [RED]}


def test_decimals_are_what_the_graphs_own_input_takes(ask, library):
    values = np.random.default_rng(0).random([2, 8, 8, 3])
    exponentials = np.exp(4 * values.mean((1, 2))[:, :2])
    expected = exponentials / exponentials.sum(1, keepdims=True)
    (rows,) = ask({"instances": values.tolist()}).json.values()
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_a_row_is_answered_for_each_photo_in_order(ask):
    photos = [b64(photo(colour)) for colour in ("red", "green", "red")]
    rows = ask({"instances": photos}).json["predictions"]
    assert [row[0] > 0.5 for row in rows] == [True, False, True]


@pytest.mark.parametrize("which", ["versions/3", "labels/stable"])
def test_one_version_predicts(ask, which):
    answer = ask({"instances": picture(255)}, f"{CATS}/{which}:predict")
    assert answer.json == {"predictions": [RED]}


def test_base64_may_be_broken_into_lines(ask):
    lines = base64.encodebytes(photo()).decode()
    assert ask({"instances": [{"b64": lines}]}).json == {"predictions": [RED]}


# Classify and regress


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"examples": [{"image": b64(photo())}]}, id="examples"),
        pytest.param({"context": {"image": b64(photo())}, "examples": [{}]}, id="both"),
        pytest.param(
            {"signature_name": "classify", "examples": [{"image": b64(photo())}]},
            id="signature",
        ),
    ],
)
def test_classify_gives_each_label_its_score(ask, request_):
    found = [[["tabby", TABBY], ["lion", LION]]]
    answer = ask(request_, f"{CATS}:classify")
    assert answer.json == {"result": found, "results": found}


def test_classify_asks_the_version(ask):
    examples = {"examples": [{"image": b64(photo())}]}
    (found,) = ask(examples, f"{CATS}/versions/3:classify").json["results"]
    assert [label for label, _ in found] == ["cat", "dog"]


def test_regress_is_refused_as_in_tensorflow_serving(ask):
    answer = ask({"examples": [{"x": 1.0}]}, f"{CATS}:regress")
    assert answer.status_code == 400
    assert "tensorflow/serving/regress" in answer.json["error"]


# Errors: a JSON object with `error` as its key


def test_the_documented_error_has_the_documented_words(ask):
    answer = ask({"instances": [1.0, 5.0]}, "/v1/models/half:predict")
    assert answer.status_code == 404
    assert answer.content_type == "application/json"
    assert list(answer.json) == ["error"]
    assert answer.json["error"].startswith(
        "Servable not found for request: Latest(half)"
    )


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        pytest.param(b"", 400, "JSON Parse error", id="nothing"),
        pytest.param(b"instances = [1]", 400, "JSON Parse error", id="no JSON"),
        pytest.param(b"[" * 100_000, 400, "JSON Parse error", id="very deep"),
        pytest.param(b"\xff\xfe\xff", 400, "JSON Parse error", id="no text"),
        pytest.param([1], 400, "expected an object", id="no object"),
        pytest.param({}, 400, "neither came", id="no key"),
        pytest.param({"instances": [1], "inputs": [1]}, 400, "both came", id="both"),
        pytest.param({"instances": []}, 400, "send 1 to 64", id="none"),
        pytest.param({"instances": [1] * 65}, 400, "65 instances came", id="too many"),
        pytest.param({"instances": 1}, 400, "must be a list", id="no list"),
        pytest.param({"inputs": b64(photo())}, 400, "list", id="one photo, no list"),
        pytest.param({"instances": ["cat"]}, 400, "expected type", id="text"),
        pytest.param({"instances": [None]}, 400, "expected type", id="null"),
        pytest.param({"instances": picture(True)}, 400, "expected type", id="boolean"),
        pytest.param({"instances": [[1], [1, 2]]}, 400, "expected type", id="ragged"),
        pytest.param({"instances": picture(10**30)}, 400, "expected type", id="huge"),
        pytest.param({"instances": [1, 2]}, 400, "[8, 8, 3]", id="wrong shape"),
        pytest.param({"instances": picture(256)}, 400, "0 to 255", id="over 255"),
        pytest.param({"instances": picture(-1)}, 400, "0 to 255", id="under 0"),
        pytest.param({"instances": picture(99.5)}, 400, "x takes 0 to 1", id="scale"),
        pytest.param(
            {"instances": picture(float("inf"))}, 400, "x takes 0 to 1", id="infinite"
        ),
        pytest.param({"inputs": {"x": picture(NAN)}}, 400, "nan to nan came", id="NaN"),
        pytest.param(
            {"inputs": {"images": picture(0.5)}}, 400, "uint8", id="decimals for images"
        ),
        pytest.param(
            {"instances": [b64(photo()), *picture(1)]}, 400, "separate", id="mixed"
        ),
        pytest.param({"inputs": {"x": [b64(photo())]}}, 400, "separate", id="not x"),
        pytest.param(
            {"instances": [{"b64": "!"}]}, 400, "Unable to base64 decode", id="not b64"
        ),
        pytest.param({"instances": [{"b64": 1}]}, 400, "b64", id="b64 of a number"),
        pytest.param(
            {"inputs": [b64(photo()) | {"a": 1}]}, 400, "b64", id="b64 and more"
        ),
        pytest.param({"instances": [{"a": 1}]}, 400, "named input: a", id="unknown"),
        pytest.param(
            {"instances": [{"x": 1}, {"images": 1}]}, 400, "same one", id="two names"
        ),
        pytest.param({"inputs": {}}, 400, "must name one", id="no name"),
        pytest.param(
            {"signature_name": "foo", "instances": [1]},
            400,
            'Serving signature name: "foo" not found in signature def',
            id="unknown signature",
        ),
        pytest.param(
            {"signature_name": {}, "instances": [1]}, 400, "string", id="signature {}"
        ),
        pytest.param({"instances": [b64(b"")]}, 400, "empty", id="empty photo"),
        pytest.param({"instances": [b64(b"a text")]}, 415, "text file", id="no photo"),
        pytest.param(
            {"instances": [b64(photo()[:60])]}, 422, "damaged", id="half a photo"
        ),
    ],
)
def test_what_cannot_be_predicted_is_one_sentence(ask, request_, status, sentence):
    answer = ask(request_)
    assert answer.status_code == status
    assert list(answer.json) == ["error"]
    assert sentence in answer.json["error"]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        pytest.param({}, "'examples' must be a list", id="no examples"),
        pytest.param({"examples": []}, "1 to 64", id="none"),
        pytest.param({"examples": [1]}, "an object of features", id="no object"),
        pytest.param({"examples": [{"y": 1}]}, "feature 'image'", id="another"),
        pytest.param({"examples": [{"x": 1}]}, "shape", id="x of no shape"),
        pytest.param({"examples": [{"image": 1}]}, "b64", id="no photo"),
        pytest.param({"examples": [{}], "context": 1}, "'context'", id="context"),
        pytest.param(
            {"examples": [{"image": 1}], "context": {"image": 1}},
            "is in 'context' and in an example",
            id="twice",
        ),
        pytest.param(
            {"signature_name": "x", "examples": [{}]}, "not found", id="signature"
        ),
    ],
)
def test_what_cannot_be_classified_is_one_sentence(ask, request_, sentence):
    answer = ask(request_, f"{CATS}:classify")
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/foo", 400),
        ("GET", f"{CATS}:predict", 405),
        ("POST", CATS, 405),
        ("POST", f"{CATS}/version/50:predict", 400),
        ("POST", f"{CATS}/versions/HELLO:predict", 400),
        ("POST", f"{CATS}:foo", 400),
    ],
)
def test_a_malformed_request_is_answered_with_its_path(client, method, path, status):
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.json == {"error": f"Malformed request: {method} {path}"}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/models/dogs", "Could not find any versions of model dogs"),
        (f"{CATS}/versions/5", "Could not find version 5 of model cats"),
        (f"{CATS}/versions/5/metadata", "Specific(cats, 5)"),
        (f"{CATS}/labels/canary", "no version labelled 'canary'"),
        (f"{CATS}/versions/{2**64}", "Could not find version"),
    ],
)
def test_unknown_models_versions_and_labels_are_404(client, path, sentence):
    answer = client.get(path)
    assert answer.status_code == 404
    assert sentence in answer.json["error"]


def test_a_browser_gets_the_same_error(client):
    answer = client.get("/v1/models/dogs", headers={"Accept": "text/html"})
    assert list(answer.json) == ["error"]


def test_a_busy_server_answers_with_retry_after(library):
    client, busy = create_app(library).test_client(), {TOO_MANY: True}
    answer = client.post(f"{CATS}:predict", data=b"{}", environ_overrides=busy)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert list(answer.json) == ["error"]


def test_photos_that_take_too_long_to_decode_are_refused(library):
    client = create_app(library, PATIENCE=0).test_client()
    request = json.dumps({"instances": [b64(photo())] * 2})
    answer = client.post(f"{CATS}:predict", data=request)
    assert answer.status_code == 504
    assert "to decode" in answer.json["error"]


def test_a_body_too_large_is_not_read(library):
    client = create_app(library, MAX_BYTES=1000).test_client()
    answer = client.post(f"{CATS}:predict", data=bytes(200_000))
    assert answer.status_code == 413
    assert list(answer.json) == ["error"]


# Every hostile file


def test_every_bad_file_is_answered_or_refused_with_a_sentence(shared, ask):
    files = sorted((shared / "bad").iterdir())
    for file in files:
        data = file.read_bytes()
        for request, verb in (
            ({"instances": [b64(data)]}, "predict"),
            ({"inputs": {"photos": [b64(data)]}}, "predict"),
            ({"examples": [{"image": b64(data)}]}, "classify"),
            (data, "predict"),
        ):
            answer = ask(request, f"{CATS}:{verb}")
            assert answer.status_code in (200, 400, 413, 415, 422), file.name
            assert ("error" in answer.json) == (answer.status_code != 200), file.name
    assert len(files) > 50
