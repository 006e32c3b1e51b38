"""`--workers 2`: one address, one count, one end; real processes."""

import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.webapp.running_app import ROOT, photo, running, write_model
from webapp.serving import workers
from webapp.serving.server import bind

APP = str(ROOT / "webapp" / "app.py")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "cats" / "1.pb")
    return folder


@pytest.fixture
def supervisor(models):
    with running(APP, "--models", str(models), "--workers", "2") as process:
        process.url = f"http://127.0.0.1:{process.port()}"
        wait_for_both(process)
        process.workers = psutil.Process(process.popen.pid).children()
        yield process


def wait_for_both(process):
    """The second worker loads while the first serves."""
    while "worker 1 serves" not in (line := process.line()):
        assert line


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def counted(url, name="photo_infer_seconds_count") -> float:
    """What /metrics says, by itself of the photos that were answered."""
    text = requests.get(f"{url}/metrics", timeout=30).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


def ask(url, data=None) -> requests.Response:
    return requests.post(f"{url}/predict", data or photo(), timeout=30)


def test_two_workers_are_one_service(supervisor):
    assert len(supervisor.workers) == 2
    for _ in range(40):
        assert ask(supervisor.url).json()["label"] == "cat"
    assert {counted(supervisor.url) for _ in range(10)} == {40}
    models = requests.get(f"{supervisor.url}/models", timeout=30).json()["models"]
    assert models[0]["requests"] == 40
    supervisor.popen.send_signal(signal.SIGTERM)
    assert supervisor.end() == (0, "")
    assert not any(worker.is_running() for worker in supervisor.workers)


def test_photos_in_flight_are_those_of_all_workers(supervisor):
    large = photo(size=(6000, 4000), kind="JPEG")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, supervisor.url, large) for _ in range(24)]
        most = max(counted(supervisor.url, "photos_in_flight") for _ in range(8))
        assert {future.result().status_code for future in asked} == {200}
    assert 2 <= most <= 8
    assert counted(supervisor.url, "photos_in_flight") == 0


def test_a_worker_that_dies_is_replaced(supervisor):
    before = {worker.pid for worker in supervisor.workers}
    supervisor.workers[0].kill()
    parent = psutil.Process(supervisor.popen.pid)
    wait_for(lambda: len({w.pid for w in parent.children()} - before) == 1)
    for _ in range(5):
        assert ask(supervisor.url).status_code == 200
    supervisor.popen.send_signal(signal.SIGTERM)
    assert supervisor.end()[0] == 0


def test_workers_end_with_their_parent(supervisor):
    supervisor.popen.kill()
    wait_for(lambda: not any(worker.is_running() for worker in supervisor.workers))


def test_a_worker_that_hangs_does_not_outlive_its_time(monkeypatch):
    monkeypatch.setattr(workers, "LAST", 0.3)
    with bind("127.0.0.1", 0) as listener:
        supervisor = workers.Supervisor(listener, 1)
        hanging = "import signal; signal.signal(15, signal.SIG_IGN); input()"
        supervisor._workers[0] = subprocess.Popen(
            [sys.executable, "-c", hanging], stdin=subprocess.PIPE
        )
        time.sleep(0.5)
        supervisor._stop()
        assert supervisor._watch() == signal.SIGKILL


def test_workers_that_cannot_start_end_the_parent(tmp_path):
    file = tmp_path / "text.pb"
    file.write_text("not a graph")
    with running(APP, "--model", f"text={file}", "--workers", "2") as process:
        status, stderr = process.end()
    assert status == 1
    assert stderr.startswith(f"Error: {file} is not a frozen graph")
    assert stderr.count("\n") == 1


def test_photos_inside_are_counted_over_all_workers(models):
    """With one admitted, two workers answer one photo at a time."""
    more = ("--models", str(models), "--workers", "2", "--admitted", "1")
    with running(APP, *more) as process:
        url = f"http://127.0.0.1:{process.port()}"
        wait_for_both(process)
        large = photo(size=(6000, 4000), kind="JPEG")
        with ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(lambda _: ask(url, large).status_code, range(24)))
        assert set(codes) == {200, 503}
        assert ask(url).status_code == 200


def test_workers_swap_to_a_new_version_together(models, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    more = ("--models", str(folder), "--workers", "2", "--reload-every", "0.1")
    with running(APP, *more) as process:
        url = f"http://127.0.0.1:{process.port()}"
        wait_for_both(process)
        write_model(tmp_path / "2.pb").rename(folder / "cats" / "2.pb")
        answered = []
        end = time.monotonic() + 60
        while time.monotonic() < end and answered[-60:] != [2] * 60:
            answered.append(ask(url).json()["version"])  # a connection each
    first = answered.index(2)
    assert set(answered[:first]) <= {1}
    assert answered[first:].count(1) <= 20  # while the second one notices: 0.02 s
