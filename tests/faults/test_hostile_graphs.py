"""Graphs of ../shared/hostile that compute long: they hurt their own requests only."""

import shutil

import pytest

from tests.faults.two_workers import (
    ask,
    assert_white_photos_hurt_no_other,
    two_workers,
)
from tests.webapp.running_app import photo, write_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(shared, tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    write_model(models / "cats" / "1.pb", image_size=32)
    for name in ("loop", "slow"):
        (models / name).mkdir()
        file = shared / "hostile" / f"{name}_on_white.pb"
        shutil.copyfile(file, models / name / "1.pb")
    with two_workers(models, tmp_path_factory.mktemp("temporary")) as process:
        yield process


@pytest.mark.parametrize("model", ["loop", "slow"])
def test_other_photos_and_models_are_answered_beside_a_graph_that_hangs(service, model):
    for _ in range(4):  # quick ones: the server expects the next to be quick
        assert ask(service.open_port, photo(), model).status_code == 200
    assert_white_photos_hurt_no_other(service, model)
