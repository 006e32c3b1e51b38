"""openapi.json says what the app does: its routes, and what each takes and answers."""

import base64
import json
import re
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from helpers.serving.library import Library
from tests.webapp.running_app import ROOT, photo, served, write_model
from tests.webapp.small_graphs import two_ends
from webapp.app import create_app

pytestmark = pytest.mark.slow

CONTRACT = json.loads((ROOT / "webapp" / "openapi.json").read_text())
PHOTOS = st.sampled_from([photo("red"), photo("green", "JPEG"), b"", b"no photo"])
EXAMPLES = 10  # of each route and kind

schemathesis.openapi.format("photo", PHOTOS.map(lambda p: base64.b64encode(p).decode()))
for kind in ("jpeg", "png", "gif", "webp", "bmp", "heic", "tiff"):
    schemathesis.openapi.media_type(f"image/{kind}", PHOTOS)


def write_models(folder: Path) -> Path:
    """A model of photos, and a network of two inputs and two outputs beside it."""
    for path in (folder / "dogs-cats" / "1.pb", folder / "numbers" / "1.pb"):
        path.parent.mkdir(parents=True)
        (path.parent / "labels.json").write_text('{"stable": 1}')
    write_model(folder / "dogs-cats" / "1.pb", image_size=1)
    two_ends(folder / "numbers" / "1.pb")
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with Library.load_folder(
        write_models(tmp_path_factory.mktemp("models"))
    ) as library:
        yield create_app(library)


@pytest.fixture(scope="module")
def server(app):
    """The address of the app's server."""
    with served(app) as url:
        yield url


def in_contract(rule: str) -> str:
    """A Flask rule as OpenAPI writes it."""
    names = {
        "name": "model",
        "version": "version",
        "model:name": "model",
        "model:label": "label",
        "version:version": "version",
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


CONFIG = ROOT / "tests" / "webapp" / "schemathesis.toml"


def described(**parameters):
    """The contract as schemathesis reads it, with these values of path parameters."""
    config = schemathesis.Config.from_path(CONFIG)
    config.projects.default.parameters |= {
        f"path.{name}": value for name, value in parameters.items()
    }
    return schemathesis.openapi.from_dict(CONTRACT, config=config)


examples = settings(
    max_examples=EXAMPLES,
    derandomize=True,  # the same requests at every run
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
schema = described()
of_numbers = described(model="numbers").include(path_regex=r"\{model\}(:|/metadata)")


@schema.parametrize()
@examples
def test_every_answer_matches_its_schema(case, server):
    case.call_and_validate(base_url=server)


@of_numbers.parametrize()
@examples
def test_every_answer_of_a_network_without_photos_matches(case, server):
    case.call_and_validate(base_url=server)


@pytest.mark.parametrize(
    ("path", "schema_name"),
    [
        ("/v1/models/numbers/metadata", "Metadata"),
        ("/v1/models/dogs-cats/metadata", "Metadata"),
        ("/models", "Report"),
    ],
)
def test_both_kinds_of_models_are_described_by_one_schema(app, path, schema_name):
    answer = app.test_client().get(path).json
    reference = {"$ref": f"#/components/schemas/{schema_name}"}
    Draft202012Validator(CONTRACT | reference).validate(answer)
