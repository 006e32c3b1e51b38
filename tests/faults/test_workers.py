"""Workers that halt, die, hang or run out of room: the others answer meanwhile."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest

from benchmarks.soak.exchange import Connection, get
from tests.faults.surroundings import mounts_are_allowed
from tests.faults.two_workers import (
    PROBE,
    REPLACED,
    ask,
    assert_white_photos_hurt_no_other,
    clients,
    probe,
    probes,
    two_workers,
    workers_of,
)
from tests.faults.white_graphs import loops_on_white
from tests.waiting import wait_for
from tests.webapp.running_app import photo, write_model
from webapp.serving.server import DRAIN

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    write_model(models / "cats" / "1.pb", image_size=32)
    loops_on_white(models / "loops" / "1.pb")
    with two_workers(models, tmp_path_factory.mktemp("temporary")) as process:
        yield process


def test_a_halted_worker_is_replaced_and_others_answer_meanwhile(service):
    port, before = service.open_port, workers_of(service)
    with ExitStack() as stack:
        kept = [stack.enter_context(closing(connected(port))) for _ in range(12)]
        before[0].send_signal(signal.SIGSTOP)
        start, answered = time.monotonic(), 0
        while before[0].is_running() and time.monotonic() < start + REPLACED:
            answered += ask(port, photo(), "cats").status_code == 200
            time.sleep(0.05)
        assert not before[0].is_running()
        assert answered > 20
        assert sum(answers(sock) for sock in kept) >= 1  # the other worker's
    service.line_with("serves")
    assert before[1] in workers_of(service)


def connected(port: int) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    connection.auto_open = 0  # a closed one is not opened again
    assert answers(connection)
    return connection


def answers(connection: HTTPConnection) -> bool:
    """Whether a kept connection is answered; its worker may have been killed."""
    with suppress(OSError, HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status":"ok"}\n'
    return False


@pytest.mark.ci
def test_a_worker_killed_under_load_loses_only_what_it_was_answering(service):
    killed = workers_of(service)[0]
    with clients(service.open_port, 6) as got:
        wait_for(lambda: len(got) > 30)
        killed.kill()
        service.line_with("serves")
    lost = [one for one in got if one != "cat"]
    assert len(got) > 40
    assert set(lost) <= {"ConnectionError", "ConnectionResetError"}
    assert len(lost) <= 6  # one of each client


@pytest.mark.parametrize("connections", [16, 400])
def test_probes_are_answered_at_once_beside_many_connections(service, connections):
    with ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(closing(connected(service.open_port)))
        with clients(service.open_port, 16) as got:
            wait_for(lambda: len(got) > 16)
            assert probes(service.open_port) < PROBE
    assert set(got) == {"cat"}


@pytest.mark.usefixtures("own_folder")
def test_a_full_temporary_folder_ends_no_worker(service):
    before = workers_of(service)
    place = Path(f"/proc/{service.popen.pid}/root{service.temporary}/filler")
    with place.open("wb") as filler, suppress(OSError):
        while True:
            filler.write(bytes(100_000))
    try:
        for number in range(30):
            assert ask(service.open_port, photo(), "cats").status_code == 200
            assert probe(service.open_port) < 10, number
        metrics = Connection(service.open_port, keeps=False).ask(get("/metrics"))
        assert metrics.status == 200
        assert b"http_requests_total" in metrics.body
    finally:
        place.unlink()
    assert workers_of(service) == before


@pytest.fixture
def own_folder():
    """Skips a test where the app has no temporary folder of its own."""
    if not mounts_are_allowed():
        pytest.skip("needs the right to mount a small temporary folder")


@pytest.mark.ci
def test_a_graph_that_hangs_stops_no_probe_and_is_answered_with_504(service):
    assert_white_photos_hurt_no_other(service, "loops")


def test_requests_accepted_before_sigterm_are_answered(service):  # ends it: the last
    large = photo(size=(6000, 4000), kind="JPEG")
    with ThreadPoolExecutor(24) as pool:
        futures = [
            pool.submit(ask, service.open_port, large, "cats") for _ in range(24)
        ]
        wait_for(lambda: in_flight(service.open_port) >= 4)
        start = time.monotonic()
        service.popen.send_signal(signal.SIGTERM)
        assert {future.result().status_code for future in futures} == {200}
    status, _ = service.end()
    assert status == 0
    assert time.monotonic() - start < DRAIN
    assert psutil.pid_exists(service.popen.pid) is False


def in_flight(port: int) -> float:
    """The photos that came and are not answered yet, in all workers."""
    body = Connection(port, keeps=False).ask(get("/metrics")).body.decode()
    (line,) = re.findall(r"^photos_in_flight (\S+)$", body, re.M)
    return float(line)
