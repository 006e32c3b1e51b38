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
        read_until(process, "worker 1 serves")
        yield process


def read_until(process, text: str) -> None:
    """Read what it prints, up to a line with this text."""
    while text not in (line := process.line()):
        assert line, f"it ended: {process.end()}"


def workers_of(process) -> list[psutil.Process]:
    """The processes that answer; not those that try out model files."""
    children = psutil.Process(process.popen.pid).children()
    return [child for child in children if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it has just ended
        return "--deadline" in process.cmdline()
    return False


def wait_for(condition, seconds: float = REPLACED) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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


def ask(port: int, data: bytes, model: str = "loops") -> requests.Response:
    address = f"http://127.0.0.1:{port}/predict?model={model}"
    return requests.post(address, data, timeout=60)


def is_answered(port: int, model: str) -> bool:
    """Whether a photo is answered with 200; not by a worker that is being replaced."""
    with suppress(requests.ConnectionError):
        return ask(port, photo(), model).status_code == 200
    return False
