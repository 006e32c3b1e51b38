"""`--workers 2` as real processes: one address, common counts, one end."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.waiting import wait_for
from tests.webapp.running_app import APP, photo, running, signals_restored, write_model
from webapp.serving import supervisor as supervising
from webapp.serving.listener import bind

pytestmark = pytest.mark.slow


@contextmanager
def two_workers(models, *options):
    """The app with two workers, both serving."""
    arguments = ("--models", str(models), "--workers", "2", *options)
    with running(APP, *arguments, at_most=300) as process:
        process.url = f"http://127.0.0.1:{process.port()}"
        process.line_with("worker 1 serves")
        yield process


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Two workers that end with status 0 and leave no process behind."""
    models = tmp_path_factory.mktemp("models")
    write_model(models / "cats" / "1.pb")
    with two_workers(models, "--reload-every", "0.1") as process:
        process.models = models
        yield process
        workers = workers_of(process)
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")
        assert not any(worker.is_running() for worker in workers)


def workers_of(process) -> list[psutil.Process]:
    return psutil.Process(process.popen.pid).children()


def counted(url, name="photo_infer_seconds_count") -> float:
    """The sum of a metric's samples; by default, the number of photos answered."""
    text = requests.get(f"{url}/metrics", timeout=30).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


def ask(url, data=None) -> requests.Response:
    return requests.post(f"{url}/predict", data or photo(), timeout=30)


def test_two_workers_are_one_service(service):
    assert len(workers_of(service)) == 2
    before = counted(service.url)
    for _ in range(40):
        assert ask(service.url).json()["label"] == "cat"
    assert {counted(service.url) for _ in range(10)} == {before + 40}
    models = requests.get(f"{service.url}/models", timeout=30).json()["models"]
    assert models[0]["requests"] == before + 40


def test_photos_in_flight_are_those_of_all_workers(service):
    large = photo(size=(6000, 4000), kind="JPEG")
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ask, service.url, large) for _ in range(24)]
        most = max(counted(service.url, "photos_in_flight") for _ in range(8))
        assert {future.result().status_code for future in futures} == {200}
    assert 2 <= most <= 8
    assert counted(service.url, "photos_in_flight") == 0


def test_a_worker_that_dies_is_replaced(service):
    before = workers_of(service)
    before[0].kill()
    wait_for(lambda: len({*workers_of(service)} - {*before}) == 1)
    service.line_with("serves")
    for _ in range(5):
        assert ask(service.url).status_code == 200


@pytest.mark.ci
def test_a_worker_that_is_halted_is_replaced_and_others_answer(service):
    before = workers_of(service)
    before[0].send_signal(signal.SIGSTOP)
    for _ in range(20):
        assert requests.get(f"{service.url}/healthz", timeout=2).status_code == 200
    wait_for(lambda: len({*workers_of(service)} - {*before}) == 1)
    service.line_with("serves")


def test_workers_swap_to_a_new_version_together(service, tmp_path):
    write_model(tmp_path / "2.pb").rename(service.models / "cats" / "2.pb")
    answered = []
    end = time.monotonic() + 60
    while time.monotonic() < end and answered[-60:] != [2] * 60:
        answered.append(ask(service.url).json()["version"])  # a connection each
    first = answered.index(2)
    assert set(answered[:first]) <= {1}
    assert answered[first:].count(1) <= 20  # while the second one notices: 0.02 s


def test_a_worker_that_hangs_is_killed(monkeypatch):
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.3)
    with bind("127.0.0.1", 0) as listener:
        supervisor = supervising.Supervisor(listener, 1)
        supervising.create_state(supervisor._folder, 1)
        supervisor._slots = supervising.open_slots(supervisor._folder)
        hanging = "import signal; signal.signal(15, signal.SIG_IGN); input()"
        supervisor._workers[0] = subprocess.Popen(
            [sys.executable, "-c", hanging], stdin=subprocess.PIPE
        )
        time.sleep(0.5)
        supervisor._stop()
        assert supervisor._watch() == signal.SIGKILL


STARTING = """
import os, sys, time
_, ready, _, number = map(int, os.environ["WEBAPP_WORKER"].split(","))
if number == int(sys.argv[1]):
    os.kill(os.getppid(), 15)
else:
    os.write(ready, b"serves")
time.sleep(60)
"""


class SignalledPopen(subprocess.Popen):
    """Its process has started, and a signal comes before anybody knows of it."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def supervisor(monkeypatch):
    """A function that makes one of two workers; that of this number is STARTING."""

    def make(starting: int) -> supervising.Supervisor:
        monkeypatch.setattr(sys, "argv", ["-c", STARTING, str(starting)])
        return supervising.Supervisor(listener, 2)

    with signals_restored(), bind("127.0.0.1", 0) as listener:
        yield make


@pytest.mark.parametrize("starting", [0, 1])
def test_a_signal_while_a_worker_loads_ends_all(supervisor, starting):
    made = supervisor(starting)
    assert made.run() == 0
    assert made._codes == [-signal.SIGTERM] * (starting + 1)


def test_a_signal_in_the_middle_of_a_start_ends_the_worker(supervisor, monkeypatch):
    monkeypatch.setattr(supervising.subprocess, "Popen", SignalledPopen)
    made = supervisor(1)
    assert made.run() == 0
    assert made._codes == [-signal.SIGTERM]


def test_a_worker_that_loads_while_another_serves_ends_in_silence(tmp_path):
    write_model(tmp_path / "cats" / "1.pb")
    with running(APP, "--models", str(tmp_path), "--workers", "2") as process:
        process.port()
        process.line_with("Loading")  # the second worker
        process.popen.send_signal(signal.SIGINT)
        assert process.end() == (0, "")
        assert "Stopped before serving." not in iter(process.line, "")


def test_workers_that_cannot_start_end_the_parent(tmp_path):
    with running(APP, "--models", str(tmp_path), "--workers", "2") as process:
        status, stderr = process.end()
    assert status == 1
    assert stderr.startswith(f"Error: there is no NAME/VERSION.pb in {tmp_path}")
    assert stderr.count("\n") == 1


@pytest.fixture(scope="module")
def one_admitted(service):
    """Two other workers of the same models, which admit one photo at a time."""
    with two_workers(service.models, "--admitted", "1") as process:
        yield process


@pytest.mark.ci
def test_admitted_photos_are_counted_over_all_workers(one_admitted):
    large = photo(size=(6000, 4000), kind="JPEG")
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: ask(one_admitted.url, large), range(24))
        assert {answer.status_code for answer in answers} == {200, 503}
    assert ask(one_admitted.url).status_code == 200


@pytest.mark.ci
def test_workers_end_with_their_parent(one_admitted):  # it ends the fixture: the last
    workers = workers_of(one_admitted)
    assert len(workers) == 2
    one_admitted.popen.kill()
    wait_for(lambda: not any(worker.is_running() for worker in workers))
