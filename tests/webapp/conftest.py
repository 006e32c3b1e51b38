"""Fixtures: an app that serves a small graph of each kind, and its client."""

import base64
import json

import pytest

from helpers.serving.library import Library
from tests.webapp.running_app import photo
from tests.webapp.small_graphs import write_kinds
from webapp.app import create_app


@pytest.fixture(scope="session")
def kinds(tmp_path_factory):
    """A library with a model of each kind in small_graphs.KINDS."""
    with Library.load(write_kinds(tmp_path_factory.mktemp("kinds"))) as library:
        yield library


@pytest.fixture(scope="session")
def kinds_client(kinds):
    return create_app(kinds).test_client()


@pytest.fixture(scope="session")
def call(kinds_client):
    """A function that posts JSON to a verb of a model of TensorFlow Serving's API."""

    def post(name: str, request: dict, verb: str = "predict"):
        address = f"/v1/models/{name}:{verb}"
        return kinds_client.post(address, data=json.dumps(request))

    return post


@pytest.fixture(scope="session")
def red() -> dict:
    """A red photo as an instance."""
    return {"b64": base64.b64encode(photo("red")).decode()}
