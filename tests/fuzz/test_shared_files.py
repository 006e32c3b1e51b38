"""Every file of shared/bad, edge, http and hostile, in every place that takes files."""

import base64
import csv
import json
from pathlib import Path

import numpy as np
import pytest

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.inspecting.inspect import inspect
from helpers.inspecting.scan import scan
from helpers.serving.library import Library
from helpers.serving.model_file import read_model
from tests.fuzz.kinds import is_deliberate
from tests.webapp.running_app import HTML, browser_form, write_model
from webapp.app import create_app

ANSWERS = (200, 400, 413, 415, 422)
FOLDERS = ("bad", "edge", "http", "hostile")
NOT_PICTURES = (".csv", ".md", ".json", ".pb")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "dogs-cats" / "1.pb")
    with Library.load_folder(folder) as library:
        yield create_app(library).test_client()


def files_in(shared: Path, folder: str) -> list[Path]:
    files = sorted(path for path in (shared / folder).iterdir() if path.is_file())
    assert len(files) >= 4
    return files


def instance(data: bytes) -> dict:
    return {"b64": base64.b64encode(data).decode()}


def as_form(data: bytes, name: str) -> dict:
    return browser_form([("image", name, data)])


def as_v2(data: bytes) -> dict:
    """The photo as an element of a binary tensor."""
    tensor = {"name": "photos", "shape": [1], "datatype": "BYTES"}
    element = len(data).to_bytes(4, "little") + data
    tensor["parameters"] = {"binary_data_size": len(element)}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return {"data": head + element, "headers": headers}


SENT = {
    "body": lambda data, _: ("/predict", {"data": data}),
    "form": lambda data, name: ("/predict", as_form(data, name)),
    "page": lambda data, name: ("/predict", as_form(data, name) | {"headers": HTML}),
    "explain": lambda data, name: ("/explain", as_form(data, name)),
    "v1": lambda data, _: (
        "/v1/models/dogs-cats:predict",
        {"data": json.dumps({"instances": [instance(data)]})},
    ),
    "classify": lambda data, _: (
        "/v1/models/dogs-cats:classify",
        {"data": json.dumps({"examples": [{"image": instance(data)}]})},
    ),
    "v1 body": lambda data, _: ("/v1/models/dogs-cats:predict", {"data": data}),
    "v2": lambda data, _: ("/v2/models/dogs-cats/infer", as_v2(data)),
    "v2 body": lambda data, _: ("/v2/models/dogs-cats/infer", {"data": data}),
}


@pytest.mark.parametrize("way", SENT)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_answered_whichever_way_it_is_sent(client, shared, folder, way):
    for file in files_in(shared, folder):
        path, request = SENT[way](file.read_bytes(), file.name)
        answer = client.post(path, **request)
        assert answer.status_code in ANSWERS, (file.name, answer.text[:200])
        assert b"Traceback" not in answer.data, file.name


@pytest.mark.parametrize("way", ["body", "form", "v1", "v2"])
def test_every_edge_file_of_a_known_format_gets_probabilities(client, shared, way):
    others = (*NOT_PICTURES, ".ico", ".ppm")
    for file in files_in(shared, "edge"):
        path, request = SENT[way](file.read_bytes(), file.name)
        expected = 200 if file.suffix not in others else 415
        if way in ("body", "form") or expected == 200:
            assert client.post(path, **request).status_code == expected, file.name


def test_every_bad_file_is_refused_where_its_manifest_says_so(client, shared):
    with (shared / "bad" / "manifest.csv").open(newline="") as rows:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(rows)}
    assert len(expected) > 50
    for name, what in expected.items():
        answer = client.post("/predict", data=(shared / "bad" / name).read_bytes())
        assert (answer.status_code == 200) <= (what != "reject"), name


@pytest.mark.parametrize(
    "name", ["comfy_ztxt.png", "itxt.png", "bigicc.png", "08-noEOI.jpg"]
)
def test_a_picture_that_is_whole_to_its_last_pixel_is_answered(client, shared, name):
    data = (shared / "http" / name).read_bytes()
    assert client.post("/predict", data=data).status_code == 200


@pytest.mark.parametrize("name", ["empty_object.json", "surrogate.json"])
def test_odd_json_gets_a_sentence(client, shared, name):
    data = (shared / "http" / name).read_bytes()
    answer = client.post("/v1/models/dogs-cats:predict", data=data)
    assert answer.status_code == 400
    assert len(answer.json["error"]) > 20


def test_pixels_from_0_to_1_are_read_as_such_however_1_is_written(client, shared):
    from helpers.data.decoding import decode_photo

    pixels = decode_photo((shared / "http" / "bw.png").read_bytes()) / 255
    written = pixels.astype(np.float32).astype(object)
    written[pixels == 1], written[pixels == 0] = 1, 0  # as JavaScript writes them
    found = [
        client.post(
            "/v1/models/dogs-cats:predict", data=json.dumps({"inputs": {"x": [value]}})
        ).json["outputs"]
        for value in (written.tolist(), pixels.tolist())
    ]
    np.testing.assert_allclose(*found, atol=1e-6)


# As model files


def is_read(read, file: Path) -> bool:
    """Whether a file is read; False where the project refuses it on purpose."""
    try:
        read(file)
    except ValueError as error:
        if not is_deliberate(error):
            raise
        return False
    return True


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_that_is_no_graph_is_read_as_one(shared, folder):
    for file in files_in(shared, folder):
        for read in (scan, inspect, read_model):
            assert is_read(read, file) <= (file.suffix == ".pb"), file.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_can_be_frozen_and_each_refusal_has_advice(shared, folder, tmp_path):
    for file in files_in(shared, folder):
        with pytest.raises(FreezeError) as refused:
            freeze(file, output=tmp_path / "frozen.pb")
        assert refused.value.fix, file.name
    assert not any(tmp_path.iterdir())
