"""The app with two workers, its clients and probes, for tests of what goes wrong."""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import requests

from benchmarks.soak.exchange import Connection, get, post
from tests.faults.surroundings import app_after, app_with_mounts, mounts_are_allowed
from tests.faults.white_graphs import WHITE
from tests.waiting import wait_for
from tests.webapp.running_app import Process, photo, running

DEADLINE = 1.0  # seconds of a run
REPLACED = 60  # seconds, on a busy machine: halted for 6, then TensorFlow is loaded
PROBE = 0.2  # seconds for the answer of a probe
ROOM = "24m"  # of the temporary folder


@contextmanager
def two_workers(models: Path, temporary: Path) -> Iterator[Process]:
    """Two workers, whose temporary folder is a small disk where that can be made."""
    options = ("--models", str(models), "--workers", "2", "--reload-every", "0")
    options += ("--deadline", str(DEADLINE), "--log-style", "text")
    start, shell = app_after, ""
    if mounts_are_allowed():
        start = app_with_mounts
        shell = f"mount -t tmpfs -o size={ROOM} none {temporary}"
    command = start(shell, *options)
    with running(*command, at_most=400, TMPDIR=str(temporary)) as process:
        process.open_port, process.temporary = process.port(), temporary
        process.line_with("worker 1 serves")
        yield process


def workers_of(process) -> list[psutil.Process]:
    """The processes that answer; not those that try out model files."""
    children = psutil.Process(process.popen.pid).children()
    return [child for child in children if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it has just ended
        return "--deadline" in process.cmdline()
    return False


@contextmanager
def clients(port: int, number: int):
    """So many clients that send photos until the end of the block; what they got.

    Each answer is "cat", another status, or the name of an error of the connection.
    """
    got, ended = [], threading.Event()

    def send() -> None:
        request = post("/predict?model=cats", photo())
        connection = Connection(port, keeps=True)
        while not ended.is_set():
            try:
                answer = connection.ask(request)
            except OSError as error:
                got.append(type(error).__name__)
                continue
            found = b'"label":"cat"' in answer.body and answer.status == 200
            got.append("cat" if found else str(answer.status))
        connection.close()

    with ThreadPoolExecutor(number) as pool:
        sending = [pool.submit(send) for _ in range(number)]
        try:
            yield got
        finally:
            ended.set()
    for one in sending:
        one.result()


def probe(port: int) -> float:
    """The seconds until GET /healthz is answered, on a new connection."""
    start = time.monotonic()
    answer = Connection(port, keeps=False).ask(get("/healthz"))
    assert answer.status == 200
    return time.monotonic() - start


def probes(port: int, number: int = 20) -> float:
    """The median seconds of so many probes, one after the other."""
    return statistics.median(probe(port) for _ in range(number))


def ask(port: int, data: bytes, model: str) -> requests.Response:
    address = f"http://127.0.0.1:{port}/predict?model={model}"
    return requests.post(address, data, timeout=60)


def is_answered(port: int, model: str) -> bool:
    """Whether a photo is answered with 200; not by a worker that is being replaced."""
    with suppress(requests.ConnectionError):
        return ask(port, photo(), model).status_code == 200
    return False


def assert_white_photos_hurt_no_other(service, model: str) -> None:
    """White photos, which hang this model, get 503 or 504; all others are answered."""
    port = service.open_port
    with ThreadPoolExecutor(10) as pool:
        white = [pool.submit(ask, port, WHITE, model) for _ in range(8)]
        time.sleep(DEADLINE / 4)
        assert probes(port) < PROBE
        wait_for(lambda: is_answered(port, "cats"))
        codes = {one.result().status_code for one in white}
    assert codes <= {503, 504}
    assert 504 in codes
    service.line_with("serves")  # a worker without the threads that hang
    wait_for(lambda: len(workers_of(service)) == 2)  # those have ended
    assert ask(port, photo(), model).status_code == 200
