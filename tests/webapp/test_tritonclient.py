"""NVIDIA's client drives the running server by the Open Inference Protocol."""

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.library import Library
from tests.webapp.running_app import photo, served, write_model
from tests.webapp.small_graphs import price, two_ends
from webapp.app import create_app
from webapp.loading import model_source
from webapp.serving.repository import Repository

pytestmark = pytest.mark.slow

TOKEN = {"Authorization": "Bearer secret"}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The address of a running server, without http://."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "cats" / "1.pb", image_size=8)
    price(folder / "price" / "3.pb")
    two_ends(folder / "two-ends" / "1.pb")
    with Library.load_folder(folder) as library:
        app = create_app(library, REPOSITORY_TOKEN="secret")
        source = model_source((), folder)
        repository = Repository(library, source, FrozenModel.load)
        app.extensions["repository"] = repository
        with served(app) as url:
            yield url.removeprefix("http://")


@pytest.fixture(scope="module")
def client(url):
    with triton.InferenceServerClient(url) as client:
        yield client


@pytest.fixture(scope="module")
def predicted(url) -> list[float]:
    """What /predict answers for a green photo."""
    answer = requests.post(f"http://{url}/predict", data=photo("green"), timeout=30)
    return [*answer.json()["probabilities"].values()]


def sent(name: str, array: np.ndarray, **options) -> triton.InferInput:
    datatypes = {"uint8": "UINT8", "float32": "FP32", "int32": "INT32"}
    datatype = datatypes.get(array.dtype.name, "BYTES")
    found = triton.InferInput(name, [*array.shape], datatype)
    return found.set_data_from_numpy(array, **options) or found


def pixels(dtype, highest) -> np.ndarray:
    """Two green photos of 8 x 8 pixels."""
    return np.full([2, 8, 8, 3], [0, highest, 0], dtype)


def test_the_server_and_its_models_are_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("price")
    assert client.is_model_ready("price", "3")
    assert not client.is_model_ready("price", "4")
    assert not client.is_model_ready("dogs")


def test_metadata(client):
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("price", "3")
    assert metadata["inputs"] == [
        {"name": "features", "datatype": "FP32", "shape": [-1, 2]}
    ]


@pytest.mark.parametrize("is_binary", [True, False])
@pytest.mark.parametrize(
    ("name", "array"),
    [("images", pixels(np.uint8, 255)), ("x", pixels(np.float32, 1))],
)
def test_pixels_are_answered_as_by_predict(client, predicted, name, array, is_binary):
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=is_binary)]
    inputs = [sent(name, array, binary_data=is_binary)]
    found = client.infer("cats", inputs, outputs=wanted).as_numpy("probabilities")
    np.testing.assert_allclose(found, [predicted] * 2, atol=1e-6)


@pytest.mark.parametrize("shape", [[1], [1, 1], [2, 1]])
def test_photos_are_answered_as_by_predict(client, predicted, shape):
    files = np.full(shape, photo("green"), object)
    found = client.infer("cats", [sent("photos", files)]).as_numpy("probabilities")
    np.testing.assert_allclose(found, [predicted] * shape[0], atol=1e-6)


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_texts_and_integers(client, compression):
    inputs = [
        sent("ids", np.array([[1, 2, 3], [4, 5, 6]], np.int32)),
        sent("words", np.array([b"a", "é".encode()], object)),
    ]
    answer = client.infer(
        "two-ends", inputs, request_compression_algorithm=compression, request_id="7"
    )
    assert [*answer.as_numpy("total")] == [6, 15]
    assert [*answer.as_numpy("twice")] == [b"aa", "éé".encode()]
    assert answer.get_response()["id"] == "7"


def test_requests_at_the_same_time(url):
    with triton.InferenceServerClient(url, concurrency=4) as client:
        begun = [
            client.async_infer("price", [sent("features", np.float32([[n, 0]]))])
            for n in range(12)
        ]
        found = [one.get_result().as_numpy("price").item() for one in begun]
    assert found == [2 * n + 1 for n in range(12)]


def test_classes_are_named(client):
    wanted = [triton.InferRequestedOutput("probabilities", class_count=1)]
    answer = client.infer(
        "cats", [sent("images", pixels(np.uint8, 255))], outputs=wanted
    )
    found = answer.as_numpy("probabilities")
    assert [text.decode().split(":")[1:] for text in found[:, 0]] == [["1", "dog"]] * 2


def test_an_error_is_the_servers_sentence(client):
    with pytest.raises(InferenceServerException, match="no model 'dogs'") as error:
        client.infer("dogs", [sent("images", pixels(np.uint8, 255))])
    assert error.value.status() == "404"


def test_the_repository(client):
    index = client.get_model_repository_index()
    states = {row["name"]: (row["version"], row["state"]) for row in index}
    assert states["price"] == ("3", "READY")
    with pytest.raises(InferenceServerException, match="Authorization: Bearer TOKEN"):
        client.unload_model("price")
    client.unload_model("price", headers=dict(TOKEN))
    assert not client.is_model_ready("price")
    client.load_model("price", headers=dict(TOKEN))
    assert client.is_model_ready("price")
