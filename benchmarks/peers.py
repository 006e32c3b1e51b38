"""The servers that are compared: how each is started, and how much memory it uses."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import psutil
import requests

BENCHMARKS = Path(__file__).resolve().parent
ROOT = BENCHMARKS.parent
PEERS = BENCHMARKS / ".venv-peers"
REQUIREMENTS = BENCHMARKS / "requirements-peers.txt"
CORES = os.cpu_count() or 1
SETTLE = 3  # seconds; the peers do not log when all of their workers serve


class Server(NamedTuple):
    """How a server is started."""

    command: str  # with {port} and {model}
    settings: tuple[tuple[str, str], ...] = ()  # environment variables
    ours: bool = False


SERVERS = {
    "the lesson: reload per request": Server("python lesson.py", (("RELOAD", "1"),)),
    "the lesson: session per request": Server("python lesson.py"),
    "Keras predict, gunicorn": Server(
        f"gunicorn -w{CORES} --threads 8 -b 127.0.0.1:{{port}} keras_app:app"
    ),
    "BentoML": Server("bentoml serve bento_app:Cats -p {port}"),
    "LitServe, batches of 16": Server("python lit_app.py"),
    "Flask, gunicorn gthread": Server(
        f"gunicorn -w{CORES} --threads 8 -b 127.0.0.1:{{port}} flask_app:app"
    ),
    "Flask, waitress": Server(
        "waitress-serve --threads 16 --listen 127.0.0.1:{port} flask_app:app"
    ),
    "FastAPI, uvicorn": Server(
        f"uvicorn fastapi_app:app --workers {CORES} --port {{port}} --no-access-log"
    ),
    "FastAPI, uvicorn, OpenVINO": Server(
        f"uvicorn openvino_app:app --workers {CORES} --port {{port}} --no-access-log"
    ),
    "this app": Server(
        "python webapp/app.py --port {port} --model model={model}", ours=True
    ),
}


class Case(NamedTuple):
    """The model and the photo of a comparison, the same for every server."""

    name: str
    model: Path
    photo: Path
    size: int  # pixels a side of the model's input


class RunningServer(NamedTuple):
    """A server that answers requests."""

    port: int
    process: psutil.Process
    seconds: float  # from its start to its first answer
    log: IO[str]

    @property
    def url(self) -> str:
        """The address that photos are sent to."""
        return f"http://127.0.0.1:{self.port}/predict"

    def wait_for_workers(self) -> None:
        """Return once all workers serve.

        This app starts its workers one after the other, and logs each. The peers start
        theirs together and log nothing, so for them this waits a fixed time.

        Raises:
          ChildProcessError: they do not serve within two minutes.
        """
        time.sleep(SETTLE)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            # pread leaves the file position, where the server writes on
            log = os.pread(self.log.fileno(), 1_000_000, 0)
            serving = len(re.findall(rb"worker \d+ serves", log))
            if not serving or serving >= len(self.process.children()):
                return
            time.sleep(0.1)
        raise ChildProcessError("not all of its workers serve")

    def megabytes(self) -> float:
        """Memory of all its processes (PSS: shared pages are counted once)."""
        return (
            sum(one.memory_full_info().pss for one in process_tree(self.process)) / 1e6
        )


def process_tree(process: psutil.Process) -> list[psutil.Process]:
    """All processes that a process has started, and then itself."""
    return [*process.children(recursive=True), process]


def install_peers() -> None:
    """Install the peers into a virtual environment of their own, if it is not there."""
    if not (PEERS / "ready").exists():
        print("installing the peers into benchmarks/.venv-peers (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        pip = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
        (PEERS / "ready").touch()


@contextlib.contextmanager
def running(server: Server, case: Case) -> Iterator[RunningServer]:
    """Start a server, wait for its first answer, and end it after the block.

    Raises:
      ChildProcessError: it does not answer within two minutes; the end of its log.
    """
    port = _free_port()
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3"} | dict(server.settings)
    folder, programs = ROOT, ROOT / ".venv/bin"
    if not server.ours:
        folder, programs = BENCHMARKS / "servers", PEERS / "bin"
        settings |= {"MODEL": str(case.model), "PHOTO": str(case.photo)}
        settings |= {"SIZE": str(case.size), "PORT": str(port)}
    settings["PATH"] = f"{programs}:{os.environ['PATH']}"
    with tempfile.TemporaryFile("w+") as log:
        process = psutil.Popen(
            server.command.format(port=port, model=case.model).split(),
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            seconds = _wait_for_answer(process, port, case.photo.read_bytes(), log)
            yield RunningServer(port, process, seconds, log)
        finally:
            if process.poll() is None:
                _end(process_tree(process))


def _end(processes: list[psutil.Process]) -> None:
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.terminate()
    for one in psutil.wait_procs(processes, timeout=10)[1]:
        one.kill()


def _wait_for_answer(
    process: psutil.Popen, port: int, photo: bytes, log: IO[str]
) -> float:
    """Seconds until the server answers a photo."""
    started = time.perf_counter()
    while process.poll() is None and time.perf_counter() < started + 120:
        with contextlib.suppress(requests.RequestException):
            files = {"image": ("photo.jpg", photo, "image/jpeg")}
            url = f"http://127.0.0.1:{port}/predict"
            requests.post(url, files=files, timeout=60).raise_for_status()
            return time.perf_counter() - started
        time.sleep(0.1)
    log.seek(0)
    raise ChildProcessError(log.read()[-2000:] or "it does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
