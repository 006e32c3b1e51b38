"""openapi.json says what the app does: its routes, and what each takes and answers."""

import base64
import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from helpers.serving.library import Library
from tests.webapp.running_app import APP, ROOT, photo, running, write_model
from webapp.app import create_app

pytestmark = pytest.mark.slow

CONTRACT = json.loads((ROOT / "webapp" / "openapi.json").read_text())
PHOTOS = st.sampled_from([photo("red"), photo("green", "JPEG"), b"", b"no photo"])
EXAMPLES = 10  # of each route and kind

schemathesis.openapi.format("photo", PHOTOS.map(lambda p: base64.b64encode(p).decode()))
for kind in ("jpeg", "png", "gif", "webp", "bmp"):
    schemathesis.openapi.media_type(f"image/{kind}", PHOTOS)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "dogs-cats" / "1.pb", image_size=1)
    (folder / "dogs-cats" / "labels.json").write_text('{"stable": 1}')
    with Library.load_folder(folder) as library:
        yield create_app(library)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a real process."""
    folder = tmp_path_factory.mktemp("served")
    write_model(folder / "dogs-cats" / "1.pb", image_size=1)
    (folder / "dogs-cats" / "labels.json").write_text('{"stable": 1}')
    with running(APP, "--models", str(folder)) as process:
        yield f"http://127.0.0.1:{process.port()}"


def in_contract(rule: str) -> str:
    """A Flask rule as OpenAPI writes it."""
    names = {
        "model:name": "model",
        "model:label": "label",
        "int:version": "version",
        "path:filename": "file",
    }
    return re.sub("<(.+?)>", lambda found: f"{{{names[found[1]]}}}", rule)


def test_every_route_is_described_and_no_other(app):
    routes = {
        (in_contract(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method) for path, item in CONTRACT["paths"].items() for method in item
    }
    assert described == routes


def test_the_description_is_served_unchanged(app):
    answer = app.test_client().get("/openapi.json")
    assert answer.content_type == "application/json"
    assert answer.json == CONTRACT


def test_every_reference_resolves():
    for reference in re.findall(r'"#/([^"]+)"', json.dumps(CONTRACT)):
        target = CONTRACT
        for key in reference.split("/"):
            target = target[key]


def test_every_schema_is_valid():
    for schema in CONTRACT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


CONFIG = schemathesis.Config.from_path(ROOT / "tests" / "webapp" / "schemathesis.toml")
schema = schemathesis.openapi.from_dict(CONTRACT, config=CONFIG)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,  # the same requests at every run
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
def test_every_answer_matches_its_schema(case, server):
    case.call_and_validate(base_url=server)
