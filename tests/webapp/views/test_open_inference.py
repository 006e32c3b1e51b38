"""The Open Inference Protocol, as its specification and its extensions describe it.

https://github.com/kserve/open-inference-protocol
"""

import base64
import json
from functools import partial

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from helpers.serving.library import Library
from tests.webapp.running_app import ROOT, photo
from tests.webapp.small_graphs import write
from webapp.app import create_app
from webapp.open_inference.binary_data import to_bytes
from webapp.open_inference.datatypes import DATATYPES
from webapp.rest_api.json_values import json_value
from webapp.serving.admission import TOO_MANY
from webapp.serving.micro_batching import run_batch

CONTRACT = json.loads((ROOT / "webapp" / "openapi.json").read_text())
SHORT = pytest.approx([0.98201379, 0.01798621], abs=1e-6)  # a wholly red photo
LENGTH = "Inference-Header-Content-Length"
PHOTO_MODELS = ["sigmoid", "whole", "nchw", "grey", "jpeg", "age", "embedding"]
# What the published open_inference_rest.yaml requires; `data` may follow as bytes.
PUBLISHED = {
    "ServerMetadata": {"name", "version", "extensions"},
    "ModelMetadata": {"name", "platform"},
    "TensorMetadata": {"name", "datatype", "shape"},
    "InferRequest": {"inputs"},
    "InferInput": {"name", "shape", "datatype"},
    "RequestedOutput": {"name"},
    "InferResponse": {"model_name", "outputs"},
    "InferOutput": {"name", "shape", "datatype"},
}


def tensor(name, datatype, shape, data=None, **parameters) -> dict:
    found = {"name": name, "datatype": datatype, "shape": shape}
    found |= {} if data is None else {"data": data}
    return found | ({"parameters": parameters} if parameters else {})


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def every_type(path) -> dict[str, np.ndarray]:
    """Writes a network that returns its inputs, one a datatype; values of each."""
    arrays, outputs = {}, []
    with tf1.Graph().as_default() as graph:
        for name in DATATYPES:
            dtype = tf1.as_dtype(name)
            x = tf1.placeholder(dtype, [None, 2], name=name)
            outputs.append(tf1.identity(x, name=f"{name}_out").name)
            most = dtype.max if dtype.is_integer else True if dtype.is_bool else 1.5
            values = [b"cat", b""] if name == "string" else [most, 0]
            arrays[name] = np.array([values], dtype.as_numpy_dtype)
    ends = {"inputs": [f"{name}:0" for name in DATATYPES], "outputs": outputs}
    write(graph, path, **ends, output_is="values")
    return arrays


def check(answer, schema: str):
    reference = {"$ref": f"#/components/schemas/{schema}"}
    Draft202012Validator(CONTRACT | reference).validate(answer)
    return answer


@pytest.fixture
def send(kinds_client):
    def send(name, body: bytes, version="", **headers):
        address = f"/v2/models/{name}{version}/infer"
        return kinds_client.post(address, data=body, headers=headers)

    return send


@pytest.fixture
def infer(send):
    """A function that sends JSON and returns the outputs by name."""

    def infer(name, *inputs, **outer):
        answer = send(name, json.dumps({"inputs": inputs, **outer}).encode())
        assert answer.status_code == 200, answer.json
        found = check(answer.json, "InferResponse")
        return {output["name"]: output for output in found["outputs"]}

    return infer


@pytest.fixture
def infer_binary(send):
    """A function that sends (tensor, bytes), and returns the object and the bytes."""

    def infer_binary(name, *inputs, **outer):
        described = [
            one | {"parameters": {"binary_data_size": len(data)}}
            for one, data in inputs
        ]
        head = json.dumps({"inputs": described, **outer}).encode()
        body = head + b"".join(data for _, data in inputs)
        answer = send(name, body, **{LENGTH: str(len(head))})
        assert answer.status_code == 200, answer.json
        end = int(answer.headers.get(LENGTH, len(answer.data)))
        return check(json.loads(answer.data[:end]), "InferResponse"), answer.data[end:]

    return infer_binary


@pytest.fixture
def refused(send):
    def refused(name, request, **headers) -> str:
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        answer = send(name, body, **headers)
        assert answer.status_code == 400, answer.data
        return check(answer.json, "Error")["error"]

    return refused


@pytest.fixture
def predicted(kinds_client):
    """A function that asks /predict about a photo: the row or the values."""

    def predicted(name, data):
        top = "&top=1000" if name == "many" else ""
        found = kinds_client.post(f"/predict?model={name}{top}", data=data).json
        if "probabilities" in found:
            return [*found["probabilities"].values()]
        return next(iter(found["values"].values()))

    return predicted


# Health and metadata


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_says_what_it_offers(kinds_client, path):
    answer = check(kinds_client.get(path).json, "ServerMetadata")
    assert (answer["name"], answer["version"]) == (
        CONTRACT["info"]["title"],
        CONTRACT["info"]["version"],
    )
    assert "binary_tensor_data" in answer["extensions"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/models/one/ready"])
def test_what_is_ready_says_so(kinds_client, path):
    assert kinds_client.get(f"/v2{path}").status_code == 200


@pytest.mark.parametrize("path", ["/health/ready", "/models/one/ready"])
def test_nothing_is_ready_while_the_server_stops(kinds, path):
    app = create_app(kinds)
    app.extensions["ready"].clear()
    answer = app.test_client().get(f"/v2{path}")
    assert (answer.status_code, [*answer.json]) == (503, ["error"])


def test_metadata_has_each_input_and_output(kinds_client):
    answer = check(kinds_client.get("/v2/models/two-ends").json, "ModelMetadata")
    assert answer == {
        "name": "two-ends",
        "versions": ["1"],
        "platform": "tensorflow_graphdef",
        "inputs": [tensor("ids", "INT32", [-1, 3]), tensor("words", "BYTES", [-1])],
        "outputs": [tensor("total", "INT32", [-1]), tensor("twice", "BYTES", [-1])],
    }


def test_a_network_of_photos_has_one_input_and_alternatives(kinds_client):
    answer = check(kinds_client.get("/v2/models/nchw").json, "ModelMetadata")
    assert answer["inputs"] == [tensor("images", "UINT8", [-1, 4, 6, 3])]
    assert answer["alternatives"] == [
        tensor("photos", "BYTES", [-1]),
        tensor("x", "FP32", [-1, 3, 4, 6]),
        tensor("nchw", "FP32", [-1, 3, 4, 6]),
    ]
    assert answer["outputs"] == [tensor("probabilities", "FP32", [-1, 3])]


def test_the_contract_requires_what_the_published_one_requires():
    for name, required in PUBLISHED.items():
        assert required <= {*CONTRACT["components"]["schemas"][name]["required"]}


# The answers are those of /predict


@pytest.mark.parametrize("name", PHOTO_MODELS)
@pytest.mark.parametrize("shape", [[1], [1, 1]])
def test_a_photo_is_answered_as_by_predict(infer_binary, predicted, name, shape):
    data = photo("green", "JPEG")
    sent = serialize_byte_tensor(np.array([data], object)).item()
    answer, _ = infer_binary(name, (tensor("photos", "BYTES", shape), sent))
    found = np.reshape(answer["outputs"][0]["data"], answer["outputs"][0]["shape"])
    np.testing.assert_allclose(found[0], predicted(name, data), atol=1e-6)


@pytest.mark.parametrize("name", ["sigmoid", "whole", "nchw", "grey", "many"])
@pytest.mark.parametrize("count", [1, 3])
def test_pixels_are_answered_as_by_predict(kinds, infer_binary, predicted, name, count):
    image = kinds.model(name).model.decode(photo("red"))
    images = np.stack([image] * count)
    sent = tensor("images", "UINT8", [*images.shape]), images.tobytes()
    answer, _ = infer_binary(name, sent)
    (output,) = answer["outputs"]
    found = np.reshape(output["data"], output["shape"])
    expected = [predicted(name, photo("red"))] * count
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["x", "picture"])
def test_values_of_the_own_input_are_answered_as_by_predict(infer, predicted, name):
    values = tensor(name, "FP32", [1, 8, 8, 3], [1, 0, 0] * 64)
    found = infer("sigmoid", values)["probabilities"]
    assert found["data"] == pytest.approx(predicted("sigmoid", photo("red")), abs=1e-6)


def test_photos_in_json_are_base64(infer):
    sent = tensor("photos", "BYTES", [2], [encoded(photo("red"))] * 2)
    found = infer("jpeg", sent)["probabilities"]
    assert found["shape"] == [2, 2]
    assert found["data"][:2] == SHORT


def test_a_photo_may_come_under_the_name_of_the_network(infer):
    sent = tensor("picture", "BYTES", [1], [encoded(photo("red"))])
    assert infer("sigmoid", sent)["probabilities"]["data"] == SHORT


@pytest.mark.parametrize("name", ["sigmoid", "jpeg"])
def test_a_body_without_an_object_is_a_photo(send, name):
    (output,) = send(name, photo("red"), **{LENGTH: "0"}).json["outputs"]
    assert output["data"] == SHORT


def test_a_body_without_an_object_is_no_vector(refused):
    sentence = refused("price", bytes(8), **{LENGTH: "0"})
    assert "the model takes features (FP32 [N, 2])" in sentence


def test_pixels_of_several_requests_are_one_batch(kinds, infer, monkeypatch):
    model, sizes = kinds.model("sigmoid").model, []
    predict = model.predict

    def counting(images):
        sizes.append(len(images))
        return predict(images)

    monkeypatch.setattr(model, "predict", counting)
    pixels = tensor("images", "UINT8", [1, 8, 8, 3], [255, 0, 0] * 64)
    answers = []
    request = partial(infer, "sigmoid", pixels)
    run_batch([lambda: answers.append(request()["probabilities"]["data"])] * 3)
    assert sizes == [3]
    assert answers == [SHORT] * 3


# Networks of other kinds


def test_numbers_are_flat_or_nested(infer):
    nested = tensor("features", "FP32", [2, 2], [[1, 2], [0.5, 0]])
    flat = tensor("features", "FP32", [2, 2], [1, 2, 0.5, 0])
    assert infer("price", nested) == infer("price", flat)
    assert infer("price", flat)["price"]["data"] == [9, 2]


def test_texts_and_integers_are_inputs_and_outputs(infer):
    ids = tensor("ids", "INT32", [1, 3], [1, 2, 3])
    found = infer("two-ends", ids, tensor("words", "BYTES", [1], ["é"]))
    assert found == {
        "total": tensor("total", "INT32", [1], [6]),
        "twice": tensor("twice", "BYTES", [1], ["éé"]),
    }


def test_texts_in_base64_are_said_to_be(infer):
    ids = tensor("ids", "INT32", [1, 3], [1, 2, 3])
    words = tensor("words", "BYTES", [1], [encoded(b"ab")], content_type="base64")
    assert infer("two-ends", ids, words)["twice"]["data"] == ["abab"]


def test_booleans_and_a_scalar_are_inputs(infer_binary):
    mask = tensor("mask", "BOOL", [2, 2]), b"\1\1\0\1"
    factor = tensor("factor", "FP32", []), np.float32(1.5).tobytes()
    answer, _ = infer_binary("flags", mask, factor)
    assert answer["outputs"] == [tensor("count", "FP32", [2], [3, 1.5])]


def test_a_batch_of_one_is_run_for_each_instance(infer):
    found = infer("one", tensor("scores", "FP32", [2, 3], [0] * 6))["shares"]
    assert found["data"] == pytest.approx([1 / 3] * 6)
    assert found["shape"] == [2, 3]


@pytest.fixture(scope="module")
def typed_model(tmp_path_factory):
    """A client, and the arrays by name of a network that returns its inputs."""
    path = tmp_path_factory.mktemp("typed") / "1.pb"
    arrays = every_type(path)
    with Library.load({"typed": path}) as library:
        yield create_app(library).test_client(), arrays


@pytest.mark.parametrize("is_binary", [True, False])
def test_every_datatype_goes_in_and_out(typed_model, is_binary):
    client, arrays = typed_model
    inputs, tail = [], b""
    for name, array in arrays.items():
        one = tensor(name, DATATYPES[name], [*array.shape])
        data = to_bytes(array)
        tail += data if is_binary else b""
        inputs.append(
            one | {"parameters": {"binary_data_size": len(data)}}
            if is_binary
            else one | {"data": json_value(array.reshape(-1))}
        )
    outer = {"parameters": {"binary_data_output": is_binary}}
    head = json.dumps({"inputs": inputs, **outer}).encode()
    answer = client.post(
        "/v2/models/typed/infer", data=head + tail, headers={LENGTH: str(len(head))}
    )
    assert answer.status_code == 200, answer.json
    found = json.loads(answer.data[: int(answer.headers.get(LENGTH, 10**6))])["outputs"]
    returned = [one | {"name": one["name"].removesuffix("_out")} for one in found]
    assert returned == inputs
    assert answer.data.endswith(tail)


# Outputs


def test_only_the_outputs_asked_for_are_returned(infer):
    ids = tensor("ids", "INT32", [1, 3], [1, 2, 3])
    words = tensor("words", "BYTES", [1], ["a"])
    found = infer("two-ends", ids, words, outputs=[{"name": "twice"}])
    assert [*found] == ["twice"]


@pytest.mark.parametrize("wanted", [{"id": "42"}, {"id": ""}, {}])
def test_the_id_is_returned_if_there_is_one(send, wanted):
    sent = tensor("features", "FP32", [1, 2], [1, 2])
    answer = send("price", json.dumps({"inputs": [sent], **wanted}).encode())
    assert {k: v for k, v in answer.json.items() if k == "id"} == wanted


@pytest.mark.parametrize(
    "outer",
    [
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "price", "parameters": {"binary_data": True}}]},
    ],
)
def test_outputs_may_be_binary(infer_binary, outer):
    sent = tensor("features", "FP32", [2, 2]), np.ones([2, 2], "<f4").tobytes()
    answer, data = infer_binary("price", sent, **outer)
    assert answer["outputs"] == [tensor("price", "FP32", [2, 1], binary_data_size=8)]
    assert [*np.frombuffer(data, "<f4")] == [6, 6]


def test_outputs_may_be_of_both_forms(infer_binary):
    ids = tensor("ids", "INT32", [1, 3]), np.arange(3, dtype="<i4").tobytes()
    text = serialize_byte_tensor(np.array([b"\xff"])).item()
    words = tensor("words", "BYTES", [1]), text
    wanted = [
        {"name": "twice", "parameters": {"binary_data": True}},
        {"name": "total"},
    ]
    answer, data = infer_binary("two-ends", ids, words, outputs=wanted)
    assert answer["outputs"][1]["data"] == [3]
    assert [*deserialize_bytes_tensor(data)] == [b"\xff\xff"]


def test_a_binary_answer_is_no_json(send):
    sent = tensor("features", "FP32", [1, 2], [1, 2])
    request = {"inputs": [sent], "parameters": {"binary_data_output": True}}
    answer = send("price", json.dumps(request).encode())
    assert answer.content_type == "application/octet-stream"
    assert int(answer.headers[LENGTH]) == len(answer.data) - 4


def test_classes_are_named_with_their_numbers(infer):
    sent = tensor("photos", "BYTES", [1], [encoded(photo("red"))])
    wanted = {"name": "probabilities", "parameters": {"classification": 2}}
    found = infer("many", sent, outputs=[wanted])["probabilities"]
    assert (found["datatype"], found["shape"]) == ("BYTES", [1, 2])
    number, place, label = found["data"][0].split(":")
    assert (place, label) == ("999", "class 999")
    assert float(number) == pytest.approx(0.00897, abs=1e-4)


def test_the_highest_of_an_output_without_classes_are_named_too(infer):
    sent = tensor("scores", "FP32", [1, 3], [0, 9, 4])
    wanted = {"name": "shares", "parameters": {"classification": 9}}
    found = infer("one", sent, outputs=[wanted])["shares"]
    assert [text.split(":")[1:] for text in found["data"]] == [
        ["1", "b"],
        ["2", "c"],
        ["0", "a"],
    ]


def test_the_highest_of_an_output_of_one_number_is_that_number(infer):
    sent = tensor("photos", "BYTES", [2], [encoded(photo("red"))] * 2)
    wanted = {"name": "age", "parameters": {"classification": 3}}
    found = infer("age", sent, outputs=[wanted])["age"]
    assert (found["shape"], found["data"]) == ([2, 1], ["100.0:0"] * 2)


def test_texts_have_no_highest(refused):
    ids = tensor("ids", "INT32", [1, 3], [1, 2, 3])
    inputs = [ids, tensor("words", "BYTES", [1], ["a"])]
    wanted = [{"name": "twice", "parameters": {"classification": 1}}]
    sentence = refused("two-ends", {"inputs": inputs, "outputs": wanted})
    assert "the output twice is no numbers" in sentence


# Errors


FEATURES = tensor("features", "FP32", [1, 2], [1, 2])
PIXELS = tensor("images", "UINT8", [1, 8, 8, 3], [0] * 192)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (b"", "JSON Parse error"),
        (b"[]", "expected an object"),
        ({}, "'inputs' must be a list"),
        ({"inputs": []}, "an object for each input"),
        ({"inputs": [1]}, "'inputs' must be a list of objects"),
        ({"inputs": [FEATURES], "id": 5}, "'id' must be a string"),
        ({"inputs": [FEATURES], "outputs": 5}, "'outputs' must be a list"),
        ({"inputs": [FEATURES], "outputs": [{}]}, "must have a 'name'"),
        ({"inputs": [FEATURES], "parameters": []}, "'parameters' must be an object"),
        ({"inputs": [FEATURES, FEATURES]}, "came twice"),
        ({"inputs": [FEATURES], "outputs": [{"name": "y"}]}, "no output 'y': it has"),
        ({"inputs": [FEATURES], "outputs": [{"name": "price"}] * 2}, "asked for twice"),
    ],
)
def test_what_is_no_request_gets_a_sentence(refused, request_, sentence):
    assert sentence in refused("price", request_)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "\ud800"}, "is none of them"),
        ({"name": 5}, "must have a 'name'"),
        ({"datatype": "INT32"}, "INT32 came"),
        ({"datatype": None}, "must have a 'datatype'"),
        ({"shape": [2]}, "the shape [2] came"),
        ({"shape": [-1, 2]}, "must have a 'shape'"),
        ({"shape": [10**400, 2]}, "must have a 'shape'"),
        ({"shape": [2, 2]}, "has 4 elements, and 2 came"),
        ({"shape": [0, 2], "data": []}, "0 instances came"),
        ({"data": [1, 2, 3]}, "2 elements, and more came"),
        ({"data": [1, "2"]}, "text came"),
        ({"data": [1, None]}, "null came"),
        ({"data": [1, 1e99]}, "a number beyond it"),
        ({"data": [[1], [2, 3]]}, "different lengths"),
        ({"data": 5}, "must have a list in 'data'"),
        ({"data": None}, "neither came"),
        ({"parameters": {"binary_data_size": 8}}, "both came"),
        ({"parameters": {"binary_data_size": 8}, "data": None}, "0 bytes are left"),
        ({"parameters": {"shared_memory_region": "a"}}, "shared memory"),
    ],
)
def test_what_is_no_input_gets_a_sentence(refused, changed, sentence):
    assert sentence in refused("price", {"inputs": [FEATURES | changed]})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "y"}, "one of images (UINT8 [N, 8, 8, 3])"),
        ({"datatype": "INT32"}, "images with INT32 came"),
        ({"shape": [8, 8, 3]}, "the shape [8, 8, 3] came"),
        ({"shape": [65, 8, 8, 3]}, "65 photos came: send 1 to 64"),
        ({"data": [256] * 192}, "a number beyond it"),
        ({"name": "x", "datatype": "FP32", "data": [9] * 192}, "x takes 0 to 1"),
        ({"datatype": "BYTES", "shape": [1], "data": ["no!"]}, "base64"),
    ],
)
def test_what_is_no_photo_gets_a_sentence(refused, changed, sentence):
    assert sentence in refused("sigmoid", {"inputs": [PIXELS | changed]})


def test_photos_come_as_one_input(refused):
    both = [PIXELS, PIXELS | {"name": "x", "datatype": "FP32"}]
    assert "2 inputs came" in refused("sigmoid", {"inputs": both})


def test_a_file_that_is_no_photo_is_415(send):
    sent = tensor("photos", "BYTES", [1], [encoded(b"no photo")])
    answer = send("sigmoid", json.dumps({"inputs": [sent]}).encode())
    assert answer.status_code == 415
    assert "text file" in check(answer.json, "Error")["error"]


def test_an_answer_that_is_no_number_is_502(send):
    sent = tensor("photos", "BYTES", [1], [encoded(photo("red"))])
    answer = send("nan", json.dumps({"inputs": [sent]}).encode())
    assert (answer.status_code, [*answer.json]) == (502, ["error"])


@pytest.mark.parametrize("length", ["-1", "99999", "1e2", "²", "9" * 5000])
def test_a_length_that_cannot_be_is_refused(refused, length):
    assert LENGTH in refused("price", {"inputs": [FEATURES]}, **{LENGTH: length})


def test_bytes_that_no_input_has_are_refused(refused):
    head = json.dumps({"inputs": [FEATURES]}).encode()
    sentence = refused("price", head + b"123", **{LENGTH: str(len(head))})
    assert "3 bytes follow the data of all inputs" in sentence


def test_bytes_that_are_no_text_have_no_json(send):
    ids = tensor("ids", "INT32", [1, 3], [1, 2, 3])
    words = tensor("words", "BYTES", [1], [encoded(b"\xff")], content_type="base64")
    answer = send("two-ends", json.dumps({"inputs": [ids, words]}).encode())
    assert answer.status_code == 400
    assert "ask for it as binary data" in answer.json["error"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v2/models/sigmoi", "did you mean 'sigmoid'?"),
        ("/v2/models/one/versions/2", "version 2 of 'one' is not loaded: 1 is"),
        ("/v2/models/one/versions/latest/ready", "versions are numbers"),
        (f"/v2/models/one/versions/{'9' * 5000}", "versions are numbers"),
        ("/v2/models/one/config", "Malformed request: GET /v2/models/one/config"),
        ("/v2/models/one/infer", "Malformed request: GET"),
    ],
)
def test_what_is_not_there_is_named(kinds_client, path, sentence):
    answer = kinds_client.get(path)
    assert answer.status_code in (404, 405)
    assert sentence in check(answer.json, "Error")["error"]


def test_too_many_requests_are_refused_in_the_form_of_the_protocol(kinds_client):
    answer = kinds_client.post(
        "/v2/models/price/infer", environ_overrides={TOO_MANY: True}
    )
    assert (answer.status_code, [*answer.json]) == (503, ["error"])


# Any request


LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2**64, 10**400, 0.5, float("nan"), 1e308])
    | st.sampled_from(["", "base64", "iVBORw0KGgo=", "\ud800"])
)
ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
NAMES = ["features", "ids", "words", "mask", "factor", "images", "photos", "x", "price"]
PARAMETERS = st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "classification"]), ANY
)
INPUTS = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES) | ANY},
    optional={
        "datatype": st.sampled_from([*DATATYPES.values()]) | ANY,
        "shape": st.lists(st.integers(-1, 3), max_size=4) | ANY,
        "data": st.lists(st.integers(0, 1) | ANY, max_size=6) | ANY,
        "parameters": PARAMETERS | ANY,
    },
)
REQUESTS = st.fixed_dictionaries(
    {"inputs": st.lists(INPUTS, max_size=2) | ANY},
    optional={"outputs": st.lists(INPUTS, max_size=2) | ANY, "id": ANY},
)


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
@given(
    name=st.sampled_from(["price", "two-ends", "flags", "jpeg", "whole"]),
    request=REQUESTS | ANY,
    tail=st.binary(max_size=12),
    length=st.none() | st.integers(-1, 300),
)
def test_any_request_gets_an_answer_or_a_sentence(send, name, request, tail, length):
    head = json.dumps(request).encode()
    length = len(head) if length is None else length
    answer = send(name, head + tail, **{LENGTH: str(length)})
    assert answer.status_code in (200, 400, 415), answer.data
    assert answer.status_code == 200 or [*answer.json] == ["error"]
