"""Models that are loaded and unloaded by request."""

import gc
from functools import partial

import pytest

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.library import Library
from helpers.serving.reloading import follow
from helpers.serving.trials import NotTried
from helpers.serving.versions import published_in
from tests.webapp.small_graphs import lookup, price
from webapp.app import create_app
from webapp.serving.repository import Repository

TOKEN = {"Authorization": "Bearer secret"}
INDEX = "/v2/repository/index"


@pytest.fixture(scope="module", autouse=True)
def frozen():
    """Modules are left out of collections, as in the server."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    price(folder / "a" / "1.pb")
    lookup(folder / "b" / "1.pb")
    return folder


@pytest.fixture(scope="module")
def library(folder):
    with Library.load_folder(folder) as library:
        yield library


@pytest.fixture
def repository(folder, library):
    """A repository; what a test unloads or publishes is undone."""
    repository = Repository(library, partial(published_in, folder), FrozenModel.load)
    yield repository
    (folder / "a" / "2.pb").unlink(missing_ok=True)
    repository.load("a")


@pytest.fixture
def client(library, repository):
    app = create_app(library, REPOSITORY_TOKEN="secret")
    app.extensions["repository"] = repository
    return app.test_client()


def post(client, path, expected=200, **options):
    answer = client.post(
        f"/v2/repository/models/{path}", **{"headers": TOKEN} | options
    )
    assert answer.status_code == expected, answer.json
    return answer.json


def test_an_unloaded_model_stays_so_whatever_is_published(library, repository, folder):
    repository.unload("a")
    price(folder / "a" / "2.pb")
    follow(library, repository.published())
    assert library.names == ("b",)


def test_a_loaded_model_has_its_place_and_newest_version_again(
    library, repository, folder
):
    repository.unload("a")
    price(folder / "a" / "2.pb")
    repository.load("a")
    assert library.names == ("a", "b")
    assert library.model().version == 2


def test_the_other_workers_know_what_is_unloaded(folder, library, tmp_path):
    source = partial(published_in, folder)
    one, other = (
        Repository(library, source, FrozenModel.load, tmp_path, every=1)
        for _ in range(2)
    )
    one.unload("a")
    assert (other.unloaded, [*other.published()]) == ({"a"}, ["b"])
    other.load("a")
    assert (one.unloaded, library.names) == (set(), ("a", "b"))


def test_workers_that_never_look_cannot_follow(library, tmp_path):
    repository = Repository(library, dict, FrozenModel.load, tmp_path)
    with pytest.raises(ValueError, match="--reload-every above 0"):
        repository.unload("a")


def test_the_index_has_every_version_and_its_state(client):
    ready = {"version": "1", "state": "READY", "reason": ""}
    assert client.post(INDEX).json == [{"name": name, **ready} for name in "ab"]


def test_unloading_and_loading_by_request(client):
    assert post(client, "a/unload", data='{"parameters": {}}') == {}
    assert client.get("/v2/models/a/ready").status_code == 404
    rows = {row["name"]: row["state"] for row in client.post(INDEX).json}
    assert (rows["b"], rows["a"]) == ("READY", "UNAVAILABLE")
    (only,) = client.post(INDEX, json={"ready": True}).json
    assert only["name"] == "b"
    assert post(client, "a/load") == {}
    assert client.get("/v2/models/a/ready").status_code == 200


def test_a_file_that_cannot_be_served_is_the_reason(client, folder):
    (folder / "a" / "2.pb").write_bytes(b"no graph")
    assert "version 2 of 'a' cannot be served" in post(client, "a/load", 400)["error"]
    assert client.get("/v2/models/a/ready").status_code == 200


def test_a_file_that_is_still_tried_is_asked_for_again(library, folder):
    def not_yet(path):
        raise NotTried

    price(folder / "a" / "2.pb")
    repository = Repository(library, partial(published_in, folder), not_yet)
    with pytest.raises(ValueError, match="it is still being tried: ask again"):
        repository.load("a")
    (folder / "a" / "2.pb").unlink()


@pytest.mark.parametrize("verb", ["load", "unload"])
def test_an_unknown_model_has_a_close_one(client, verb):
    assert "did you mean 'a'?" in post(client, f"aa/{verb}", 404)["error"]


@pytest.mark.parametrize("verb", ["load", "unload"])
@pytest.mark.parametrize(
    "sent", ["", "secret", "Bearer", "Bearer Secret", "Bearer \xe9"]
)
def test_nobody_loads_or_unloads_without_the_token(client, library, verb, sent):
    answer = post(client, f"a/{verb}", 403, headers={"Authorization": sent})
    assert "Authorization: Bearer TOKEN" in answer["error"]
    assert library.names == ("a", "b")


def test_a_server_without_a_token_has_neither(library):
    client = create_app(library).test_client()
    for header in ("Bearer ", "Bearer secret"):
        answer = post(client, "a/unload", 403, headers={"Authorization": header})
        assert "--repository-token" in answer["error"]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("a/load", '{"parameters": {"config": "{}"}}', "'config' is not offered"),
        ("a/load", '{"parameters": 5}', "must be an object"),
        ("a/unload", "[]", "expected an object"),
    ],
)
def test_what_is_not_understood_gets_a_sentence(client, path, body, sentence):
    assert sentence in post(client, path, 400, data=body)["error"]


def test_ready_is_a_boolean(client):
    answer = client.post(INDEX, json={"ready": "yes"})
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "'ready' must be true or false"},
    )
