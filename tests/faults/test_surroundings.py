"""What the machine lacks: a writable disk, memory, descriptors, a reader of the log."""

import os
import resource
import signal
import time
from contextlib import ExitStack, contextmanager

import psutil
import pytest
import requests

from benchmarks.soak.exchange import Connection, get
from tests.faults.surroundings import app_after, app_with_mounts
from tests.waiting import wait_for
from tests.webapp.running_app import photo, running, write_model
from webapp.serving.listener import bind

pytestmark = pytest.mark.slow

DESCRIPTORS = 64
READ_ONLY = """
for folder in /tmp /var/tmp /usr/tmp /dev/shm; do
  test -d $folder || continue
  mount --bind $folder $folder
  mount -o remount,bind,ro $folder
done
"""
NO_CHOICE = {"cwd": "/proc", "TMPDIR": "/nowhere"}  # nor can those be written to


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "cats" / "1.pb", image_size=32)
    return folder


def ask(port: int, data: bytes = b"") -> requests.Response:
    address = f"http://127.0.0.1:{port}/predict"
    return requests.post(address, data or photo(), timeout=30)


# Where nothing can be written


@pytest.fixture(scope="module")
def read_only(models):
    """The port of an app on a read-only disk."""
    command = app_with_mounts(READ_ONLY, "--models", str(models))
    with running(*command, FREEZE_SERVE_RELOAD_EVERY="0.2", **NO_CHOICE) as process:
        yield process.port()


@pytest.mark.ci
@pytest.mark.parametrize("side", [60, 2500])
def test_photos_are_answered_on_a_read_only_disk(read_only, side):
    files = {"image": ("photo.bmp", photo("red", "BMP", size=(side, side)))}
    address = f"http://127.0.0.1:{read_only}/predict"
    assert requests.post(address, files=files, timeout=30).json()["label"] == "cat"


@pytest.mark.ci
def test_versions_are_loaded_on_a_read_only_disk(read_only, models):
    write_model(models / "cats" / "2.new", image_size=32)
    (models / "cats" / "2.new").rename(models / "cats" / "2.pb")
    wait_for(lambda: ask(read_only).json()["version"] == 2, pause=0.2)


def test_workers_without_a_folder_for_their_state_are_told_what_to_do(models):
    command = app_with_mounts(READ_ONLY, "--models", str(models), "--workers", "2")
    with running(*command, **NO_CHOICE) as process:
        status, said = process.end()
    assert status == 1
    assert said == (
        "Error: there is no folder for the files that the workers share: set TMPDIR to "
        "one that this user may write to, or start one worker with --workers 1\n"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_one_sentence(models, workers):
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ("--models", str(models), "--port", port, "--workers", workers)
        with running(*app_after("", *options)) as process:
            status, said = process.end()
    assert status == 1
    assert said.startswith(f"Error: port {port} on 127.0.0.1 is taken: stop ")
    assert said.count("\n") == 1


# Few descriptors, little memory


@pytest.fixture(scope="module")
def small_app(models):
    """An app that may open few files; its process, port and log."""
    shell = f"ulimit -n {DESCRIPTORS}"
    options = ("--models", str(models), "--reload-every", "0")
    with running(*app_after(shell, *options)) as process:
        process.open_port = process.port()
        yield process


def test_without_descriptors_the_loop_is_idle_and_the_log_is_short(small_app):
    watched = psutil.Process(small_app.popen.pid)
    with ExitStack() as stack:
        for _ in range(3 * DESCRIPTORS):
            held = Connection(small_app.open_port, keeps=True)
            stack.callback(held.close)
            held.open()
        time.sleep(0.5)
        before, start = sum(watched.cpu_times()[:2]), time.monotonic()
        time.sleep(2)
        used = sum(watched.cpu_times()[:2]) - before
        assert used < 0.5 * (time.monotonic() - start)
    wait_for(lambda: answers(small_app.open_port), 10)
    assert ask(small_app.open_port).status_code == 200
    assert small_app._lines.qsize() < 20


def answers(port: int) -> bool:
    try:
        connection = Connection(port, keeps=False)
        return connection.ask(get("/healthz")).status == 200
    except OSError:
        return False


def test_a_photo_without_memory_is_refused_and_others_are_answered(small_app):
    pid, port = small_app.popen.pid, small_app.open_port
    huge = photo("red", "PNG", size=(8000, 7900))  # 190 MB once it is decoded
    with memory_left(pid, 80e6):
        refused = ask(port, huge)
        assert [ask(port).status_code for _ in range(5)] == [200] * 5
    assert refused.status_code == 413
    assert "needs too much memory: send a smaller copy" in refused.json()["detail"]
    assert ask(port, huge).status_code == 200


@contextmanager
def memory_left(pid: int, size: float):
    """Lets a process have so many bytes more of address space."""
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    most = int(psutil.Process(pid).memory_info().vms + size)
    resource.prlimit(pid, resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


# A log that nobody reads


@pytest.mark.ci
def test_a_log_that_nobody_reads_stops_no_request(models, tmp_path):
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    command = app_after(f"exec > {pipe}", "--models", str(models))
    with running(*command) as process:
        os.set_blocking(reading, True)
        text = ""
        while "Serving" not in text:
            text += os.read(reading, 4096).decode()
        port = int(text.split(":")[-1])
        missing = f"http://127.0.0.1:{port}/{'x' * 1500}"
        for _ in range(100):  # 150 kB of log, more than a pipe holds
            assert requests.get(missing, timeout=10).status_code == 404
        kept = os.read(reading, 200_000).decode()
        assert kept.count("\n") < 100
        assert requests.get(missing, timeout=10).status_code == 404
        assert "log lines were dropped" in os.read(reading, 200_000).decode()
        os.close(reading)
        for _ in range(5):
            assert ask(port).status_code == 200
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")
