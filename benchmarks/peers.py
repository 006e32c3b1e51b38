"""The servers that are compared: how each is started, and what it weighs."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import psutil

BENCHMARKS = Path(__file__).resolve().parent
ROOT = BENCHMARKS.parent
PEERS = BENCHMARKS / ".venv-peers"
REQUIREMENTS = BENCHMARKS / "requirements-peers.txt"
CORES = os.cpu_count() or 1


class Server(NamedTuple):
    """How a server is started; {port} stands in its command."""

    command: str
    settings: tuple[tuple[str, str], ...] = ()
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
    """What every server of a comparison is given."""

    name: str
    model: Path
    photo: Path
    size: int  # pixels a side of the model's input


class Running(NamedTuple):
    """A server that answers."""

    url: str
    port: int
    process: psutil.Process
    seconds: float  # from its start to its first answer
    said: IO[str]

    def is_whole(self) -> bool:
        """Whether all workers of this app serve, which start one after the other.

        Those of the peers start together, and do not say it.
        """
        said = os.pread(self.said.fileno(), 1_000_000, 0)  # it writes on at its own end
        serving = len(re.findall(rb"worker \d+ serves", said))
        return not serving or serving >= len(self.process.children())

    def megabytes(self) -> float:
        """Memory of all its processes, shared pages counted once."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in family) / 1e6


def install_peers() -> None:
    """Their own environment, once."""
    if not (PEERS / "ready").exists():
        print("installing the peers into benchmarks/.venv-peers (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        pip = [PEERS / "bin" / "python", "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
        (PEERS / "ready").touch()


@contextlib.contextmanager
def running(server: Server, case: Case) -> Iterator[Running]:
    """The server, from its first answer on.

    Raises:
      ChildProcessError: it does not answer within two minutes; what it said.
    """
    port = _free_port()
    folder, programs = (ROOT, ROOT / ".venv/bin")
    if not server.ours:
        folder, programs = BENCHMARKS / "servers", PEERS / "bin"
    told = {"TF_CPP_MIN_LOG_LEVEL": "3"} | dict(server.settings)
    if not server.ours:  # its variables are its options
        told |= {"MODEL": str(case.model), "PHOTO": str(case.photo)}
        told |= {"SIZE": str(case.size), "PORT": str(port)}
    command = server.command.format(port=port, model=case.model).split()
    path = f"{programs}:{os.environ['PATH']}"
    with tempfile.TemporaryFile("w+") as said:
        process = psutil.Popen(
            command,
            cwd=folder,
            env=os.environ | told | {"PATH": path},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            seconds = _wait_for_answer(process, port, case.photo.read_bytes(), said)
            url = f"http://127.0.0.1:{port}/predict"
            yield Running(url, port, process, seconds, said)
        finally:
            family = [*process.children(recursive=True), process]
            for one in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.terminate()
            for one in psutil.wait_procs(family, timeout=10)[1]:
                one.kill()


def _wait_for_answer(process, port: int, photo: bytes, said) -> float:
    started = time.perf_counter()
    while process.poll() is None and time.perf_counter() < started + 120:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(_request(port, photo), timeout=60).read()
            return time.perf_counter() - started
        time.sleep(0.1)
    said.seek(0)
    raise ChildProcessError(said.read()[-2000:] or "it does not answer")


def _request(port: int, photo: bytes) -> urllib.request.Request:
    part = b'Content-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
    part += b"Content-Type: image/jpeg\r\n\r\n"
    body = b"--edge\r\n" + part + photo + b"\r\n--edge--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    return urllib.request.Request(f"http://127.0.0.1:{port}/predict", body, kind)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
