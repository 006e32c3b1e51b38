"""The web app as a process of its own: it serves, or says why not."""

import urllib.request

import pytest

from helpers.serving.app_process import start_app
from tests.webapp.running_app import write_model

pytestmark = pytest.mark.slow


@pytest.mark.ci
def test_a_started_app_serves_the_models_that_it_names(tmp_path):
    write_model(tmp_path / "small" / "1.pb")
    app = start_app("--workers", "1", "--models", str(tmp_path))
    try:
        assert app.names == ["small"]
        with urllib.request.urlopen(f"{app.url}/readyz", timeout=30) as answer:
            assert answer.status == 200
    finally:
        app.process.terminate()
    assert app.process.wait(timeout=60) == 0


def test_an_app_that_does_not_start_says_what_it_printed():
    with pytest.raises(RuntimeError, match="No such option"):
        start_app("--no-such-option")
