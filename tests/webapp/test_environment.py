"""`create_app()` without arguments, as gunicorn, granian and Flask call it."""

import os
import subprocess
import sys

import click
import pytest

from tests.webapp.running_app import ROOT, clean_environment, photo, write_model
from webapp.app import create_app


@pytest.fixture
def models(tmp_path, monkeypatch):
    write_model(tmp_path / "tiny" / "1.pb")
    monkeypatch.setenv("FREEZE_SERVE_MODELS", str(tmp_path))
    monkeypatch.setenv("FREEZE_SERVE_RELOAD_EVERY", "0")


def test_models_and_settings_are_those_of_the_environment(models, monkeypatch):
    monkeypatch.setenv("FREEZE_SERVE_PREFIX", "/cats")
    monkeypatch.setenv("FREEZE_SERVE_MAX_MEGAPIXELS", "0.1")
    app = create_app()
    client = app.test_client()
    assert client.post("/cats/predict", data=photo()).json["label"] == "cat"
    assert client.post("/predict", data=photo(size=(400, 300))).status_code == 413


def test_allowed_hosts_are_those_of_the_environment(models, monkeypatch):
    monkeypatch.setenv("FREEZE_SERVE_ALLOWED_HOSTS", "photos.example.com")
    ask = create_app().test_client().get
    found = [
        ask("/models", headers={"Host": host}).status_code
        for host in ("photos.example.com", "localhost:8000", "evil.test")
    ]
    assert found == [200, 200, 400]


def test_arguments_come_before_the_environment(models):
    assert create_app(PATIENCE=3).config["PATIENCE"] == 3


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MODELS", "/nowhere", "there is no NAME/VERSION.pb in /nowhere"),
        ("PATIENCE", "long", "'long' is not a valid float"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(monkeypatch, name, value, sentence):
    monkeypatch.setenv(f"FREEZE_SERVE_{name}", value)
    with pytest.raises(click.ClickException) as refused:
        create_app()
    assert sentence in refused.value.message


@pytest.mark.slow
def test_flask_finds_the_factory_and_shows_the_sentence():
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webapp.app", "routes"],
        cwd=ROOT,
        env=clean_environment(FREEZE_SERVE_MODELS=os.devnull),
        capture_output=True,
        text=True,
    )
    assert "Error: " in ended.stderr
    assert "there is no NAME/VERSION.pb in /dev/null" in ended.stderr
