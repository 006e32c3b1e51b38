"""Every request in webapp/README.md is sent and answered as the page shows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.serving.library import Library
from tests.webapp.running_app import ROOT, photo, served, write_model
from tests.webapp.small_graphs import colours, price, two_ends
from webapp.app import create_app

pytestmark = pytest.mark.slow

PAGE = (ROOT / "webapp" / "README.md").read_text()
HOST = "127.0.0.1:5000"
BLOCK = re.compile(r"```(sh|python)\n(.+?)```\n(?:```json\n(.+?)```\n)?", re.S)


class Example(NamedTuple):
    language: str
    code: str
    answer: str


EXAMPLES = [Example(*found) for found in BLOCK.findall(PAGE)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    (folder / "photo.jpg").write_bytes(photo("red", "JPEG"))
    return folder


@pytest.fixture(scope="module")
def address(folder):
    models = folder / "models"
    for name in ("dogs-cats", "dogs-cats-small"):
        write_model(models / name / "1.pb")
    for name, write in (("price", price), ("two-ends", two_ends), ("colours", colours)):
        write(models / name / "1.pb")
    with Library.load_folder(models) as library, served(create_app(library)) as url:
        yield url


def run(example: Example, folder: Path, address: str) -> str:
    command = {"sh": ["sh", "-ec"], "python": [sys.executable, "-c"]}[example.language]
    ended = subprocess.run(
        [*command, example.code.replace(HOST, address.removeprefix("http://"))],
        cwd=folder,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def outline(value):
    """The value with its keys and lengths, and the kinds of its leaves."""
    if isinstance(value, dict):
        return {key: outline(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [outline(inner) for inner in value]
    return "text" if isinstance(value, str) else "number"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code[:60])
def test_every_example_runs_and_is_answered_as_shown(example, folder, address):
    printed = run(example, folder, address)
    assert printed
    assert "Error" not in printed
    if example.answer:
        assert outline(json.loads(printed)) == outline(json.loads(example.answer))


def test_the_page_has_examples_of_every_kind():
    assert {example.language for example in EXAMPLES} == {"sh", "python"}
    assert sum(bool(example.answer) for example in EXAMPLES) >= 5
    routes = ("/predict", ":predict", ":classify", "/metadata", "/infer", "/metrics")
    for route in routes:
        assert any(route in example.code for example in EXAMPLES)
