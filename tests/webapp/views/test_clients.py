"""The requests of real clients of TensorFlow Serving, recorded and written anew.

Each is what a program puts on the wire, with this project's models in its place.
"""

import base64
import gzip
import json
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from helpers.serving.library import Library
from tests.webapp import small_graphs
from tests.webapp.running_app import photo
from webapp.app import create_app

FORM = "application/x-www-form-urlencoded"  # what `curl -d` sends
JSON = "application/json"
RED = base64.b64encode(photo("red", "JPEG")).decode()
FLOWER = {"key": "0", "image_bytes": {"b64": RED}}
DIGITS = np.linspace(0, 1, 3 * 28 * 28).reshape(3, 28, 28, 1)


def half_plus(offset: float, path):
    """TensorFlow Serving's example: x / 2 + an offset, for a batch of scalars."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None], name="x")
        tf1.add(0.5 * x, offset, name="y")
    ends = {"input": "x:0", "output": "y:0", "output_is": "values"}
    return small_graphs.write(graph, path, **ends)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    files = {
        "half_plus_two": half_plus(2, folder / "two" / "1.pb"),
        "half_plus_three": half_plus(3, folder / "three" / "123.pb"),
        "resnet": small_graphs.jpeg_bytes(folder / "resnet" / "1.pb"),
        "flowers": small_graphs.whole_pixels(folder / "flowers" / "1.pb"),
        "fashion_model": small_graphs.grey(folder / "fashion" / "1.pb"),
        "iris": small_graphs.one_at_a_time(folder / "iris" / "1.pb"),
    }
    with Library.load(files) as library:
        yield create_app(library).test_client()


class Request(NamedTuple):
    """A request as it is sent, and what its client reads from the answer."""

    path: str
    body: str | bytes
    content_type: str | None
    key: str
    expected: object
    headers: dict = {}  # noqa: RUF012  never modified


def approximately(*numbers):
    return pytest.approx([*numbers], abs=1e-3)


def shares(mean: float) -> np.ndarray:
    """How dark and how bright the model of digits finds such a mean."""
    exponentials = np.exp(8 * np.array([0.5 - mean, mean - 0.5]))
    return exponentials / exponentials.sum()


SCALARS = '{"instances": [1.0, 2.0, 5.0]}'
THREE = "/v1/models/half_plus_three"
EXAMPLES = '"examples": [{"x": 1.0}, {"x": 2.0}]'
DOCUMENTED = {
    "quick start": Request(
        "/v1/models/half_plus_two:predict",
        SCALARS,
        FORM,
        "predictions",
        approximately(2.5, 3.0, 4.5),
    ),
    "one version": Request(
        f"{THREE}/versions/123:predict",
        SCALARS,
        FORM,
        "predictions",
        approximately(3.5, 4.0, 5.5),
    ),
    "regress": Request(
        f"{THREE}:regress",
        f'{{"signature_name": "tensorflow/serving/regress",{EXAMPLES}}}',
        FORM,
        "results",
        approximately(3.5, 4.0),
    ),
    "feature lists": Request(
        f"{THREE}:regress",
        '{"examples": [{"x": [1.0]}]}',
        FORM,
        "results",
        approximately(3.5),
    ),
    "columns": Request(
        f"{THREE}:predict",
        '{"inputs": {"x": [1, 2.0]}}',
        FORM,
        "outputs",
        approximately(3.5, 4),
    ),
    "the tensor's name": Request(
        f"{THREE}:predict",
        '{"instances": [{"x:0": 1}]}',
        FORM,
        "predictions",
        approximately(3.5),
    ),
    "resnet_client.py": Request(
        "/v1/models/resnet:predict",
        f'{{"instances" : [{{"b64": "{RED}"}}]}}',
        None,
        "predictions",
        [approximately(0.98201, 0.01798)],
    ),
}
FLOAT_DIGITS = json.dumps(
    {"signature_name": "serving_default", "instances": DIGITS.tolist()}
)
BLACK = np.zeros([28, 28, 1], int).tolist()  # as JavaScript writes 0.0
CLIENTS = {
    # A notebook on Fashion MNIST: decimals of the network's own input, by version.
    "pixels from 0 to 1": Request(
        "/v1/models/fashion_model/versions/1:predict",
        FLOAT_DIGITS,
        JSON,
        "predictions",
        [approximately(*shares(mean)) for mean in DIGITS.mean((1, 2, 3))],
    ),
    # The same from a browser.
    "whole numbers from 0 to 1": Request(
        "/v1/models/fashion_model:predict",
        json.dumps({"instances": [BLACK]}),
        JSON,
        "predictions",
        [approximately(0.99966, 0.00034)],
    ),
    # A trading bot: the body packed with gzip.
    "gzip": Request(
        "/v1/models/fashion_model:predict",
        gzip.compress(json.dumps({"instances": [BLACK]}).encode()),
        JSON,
        "predictions",
        [approximately(0.99966, 0.00034)],
        {"Content-Encoding": "gzip"},
    ),
    # The gcloud tutorial on flowers.
    "image_bytes with a key": Request(
        "/v1/models/flowers:predict",
        json.dumps({"instances": [FLOWER]}),
        JSON,
        "predictions",
        [{"key": "0", "probabilities": approximately(0.96343, 0.01829, 0.01829)}],
    ),
    # A service of object classes, with the signature named.
    "image_bytes": Request(
        "/v1/models/flowers:predict",
        json.dumps(
            {
                "signature_name": "serving_default",
                "instances": [{"image_bytes": {"b64": RED}}],
            }
        ),
        JSON,
        "predictions",
        [approximately(0.96343, 0.01829, 0.01829)],
    ),
    # The HTTP proxy of Kubeflow: the input is called image.
    "image": Request(
        "/v1/models/flowers:predict",
        json.dumps({"instances": [{"image": {"b64": RED}}] * 2}),
        JSON,
        "predictions",
        [approximately(0.96343, 0.01829, 0.01829)] * 2,
    ),
    # A Django service that sends b64 to a network of JPEG bytes.
    "bytes to the network's own name": Request(
        "/v1/models/resnet:predict",
        json.dumps({"inputs": {"contents": [{"b64": RED}]}}),
        JSON,
        "outputs",
        [approximately(0.98201, 0.01798)],
    ),
    # A course's client of the iris data.
    "iris": Request(
        "/v1/models/iris:predict",
        '{"signature_name": "serving_default", "instances": [[2.0, 1.0, 3.0]]}',
        JSON,
        "predictions",
        [approximately(0.24473, 0.09003, 0.66524)],
    ),
}


@pytest.mark.parametrize("name", [*DOCUMENTED, *CLIENTS])
def test_the_client_gets_what_it_reads(client, name):
    sent = (DOCUMENTED | CLIENTS)[name]
    answer = client.post(
        sent.path, data=sent.body, content_type=sent.content_type, headers=sent.headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.json[sent.key] == sent.expected


@pytest.mark.parametrize("feature", ["inputs", "image", "image_bytes", "image/encoded"])
@pytest.mark.parametrize("signature", [None, "classify", "tensorflow/serving/classify"])
@pytest.mark.parametrize("is_list", [False, True])
def test_classify_takes_a_photo_under_each_name(client, feature, signature, is_list):
    value = [{"b64": RED}] if is_list else {"b64": RED}
    request = {"signature_name": signature} if signature else {}
    request["examples"] = [{feature: value}]
    (row,) = client.post("/v1/models/flowers:classify", json=request).json["results"]
    assert max(row, key=lambda pair: pair[1])[0] == "red"


@pytest.mark.parametrize("name", ["images", "x", "pixels", "pixels:0"])
def test_classify_takes_numbers_as_flat_features(client, name):
    flat = np.tile([0, 255, 0], 24).tolist()
    answer = client.post(
        "/v1/models/flowers:classify", json={"examples": [{name: flat}]}
    )
    (row,) = answer.json["results"]
    assert max(row, key=lambda pair: pair[1])[0] == "green"


def test_the_status_of_the_documentation(client):
    (status,) = client.get(THREE).json["model_version_status"]
    assert (status["version"], status["state"]) == ("123", "AVAILABLE")


def test_prometheus_reads_the_metrics_where_tensorflow_serving_has_them(client):
    theirs = client.get("/monitoring/prometheus/metrics")
    assert theirs.content_type == client.get("/metrics").content_type
    assert "# TYPE model_version_loaded gauge" in theirs.text
