"""What containers lack: a folder to write to, HOME, a known user, an init process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.waiting import wait_for
from tests.webapp.running_app import APP, photo, write_model
from tests.webapp.slow_app import SLOW
from webapp.serving.orphans import reap_orphans

pytestmark = pytest.mark.slow

NOBODY = 54321  # a user id without a name
# It may read the interpreter, wherever that is, but nothing can be written.
CONFINED = (
    *("prlimit", "--fsize=0", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}"),
    *("--clear-groups", "--inh-caps=+dac_read_search"),
    "--ambient-caps=+dac_read_search",
)


def can_confine() -> bool:
    if os.geteuid() or not all(map(shutil.which, ("prlimit", "setpriv"))):
        return False
    return not subprocess.call([*CONFINED, "true"], stderr=subprocess.DEVNULL)


needs_root = pytest.mark.skipif(
    not can_confine(), reason="needs root, setpriv and prlimit to be another user"
)


@pytest.fixture
def models() -> Iterator[Path]:
    """A model that every user can read, unlike what is in pytest's folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write_model(folder / "tiny" / "1.pb")
        yield folder


def confined(models: Path, *options: str) -> subprocess.Popen:
    """The app in a process like a container's with a read-only file system."""
    command = [sys.executable, "-B", APP, "--models", str(models), "--port", "0"]
    return subprocess.Popen(
        [*CONFINED, *command, *options],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_root
@pytest.mark.ci
def test_it_serves_as_any_user_without_home_and_without_writing(models):
    process = confined(models, "--workers", "1")
    try:
        lines = iter(process.stdout.readline, "")
        url = next(line for line in lines if line.startswith("Serving")).split()[-1]
        assert requests.post(f"{url}/predict", photo(), timeout=30).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")


@needs_root
def test_workers_without_a_folder_to_share_say_what_to_set(models):
    process = confined(models, "--workers", "2")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr.startswith("Error: there is no folder for the files that")
    assert "set TMPDIR" in stderr
    assert stderr.count("\n") == 1


ORPHAN = "import subprocess; subprocess.run(['sh', '-c', 'sleep 0.1 & true'])"


def test_orphans_are_reaped_and_own_children_are_not():
    own = subprocess.Popen(["true"])
    other = os.spawnlp(os.P_NOWAIT, "true", "true")
    deadline = time.monotonic() + 10
    while psutil.pid_exists(other) and time.monotonic() < deadline:
        reap_orphans({own.pid})
        time.sleep(0.02)
        own.poll()
    assert not psutil.pid_exists(other)
    assert own.wait() == 0


def can_unshare() -> bool:
    command = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return bool(shutil.which("unshare")) and not subprocess.call(
        command, stderr=subprocess.DEVNULL
    )


@pytest.mark.skipif(not can_unshare(), reason="needs a namespace of process ids")
def test_as_process_1_it_reaps_orphans_and_stops_on_a_signal():
    code = SLOW.replace("listener = bind", f"{ORPHAN}\nlistener = bind")
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    command += [sys.executable, "-c", code, "20", "1", "127.0.0.1"]
    unshare = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert unshare.stdout.readline().startswith("Serving slow")
        (first,) = psutil.Process(unshare.pid).children()
        assert first_of(first.pid)
        wait_for(lambda: not first.children(), 15)
        first.send_signal(signal.SIGTERM)
        assert unshare.wait(30) == 0
    finally:
        unshare.kill()


def first_of(pid: int) -> bool:
    """Whether the process has the id 1 in its namespace."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return any(line.startswith("NSpid:") and line.endswith("\t1") for line in lines)
