"""Graphs of ../shared/hostile that compute long: they hurt their own requests only."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.two_workers import (
    DEADLINE,
    PROBE,
    ask,
    is_answered,
    probes,
    read_until,
    two_workers,
    wait_for,
    workers_of,
)
from tests.faults.white_graphs import WHITE
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


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("model", ["loop", "slow"])
def test_other_photos_and_models_are_answered_beside_a_graph_that_hangs(service, model):
    port = service.open_port
    for _ in range(4):  # quick ones: the server expects the next to be quick
        assert ask(port, photo(), model).status_code == 200
    with ThreadPoolExecutor(10) as pool:
        white = [pool.submit(ask, port, WHITE, model) for _ in range(8)]
        time.sleep(DEADLINE / 4)
        assert probes(port) < PROBE
        wait_for(lambda: is_answered(port, "cats"))
        codes = {one.result().status_code for one in white}
    assert codes <= {503, 504}
    assert 504 in codes
    read_until(service, "serves")  # a worker without the threads that hang
    wait_for(lambda: len(workers_of(service)) == 2)  # those have ended
    assert ask(port, photo(), model).status_code == 200
