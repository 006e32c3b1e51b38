"""Starts the web app in a process of its own, and waits until it serves.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import atexit
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

APP = Path(__file__).resolve().parents[2] / "webapp" / "app.py"
OWN = ("TF_ENABLE_ONEDNN_OPTS", "FREEZE_SERVE_")  # settings the process does not get
SERVING = re.compile(r"^Serving (.*) at (http://\S+)$", re.MULTILINE)


class AppProcess(NamedTuple):
    """A process that serves models."""

    process: subprocess.Popen
    names: list[str]
    url: str


def start_app(*options: str, at_most: float = 120) -> AppProcess:
    """The web app in a new process, once its models are loaded.

    It listens on a free port of this machine, and is killed when this process exits.

    Args:
      options: of webapp/app.py.
      at_most: seconds to wait.
    Raises:
      RuntimeError: it has ended before it served; the message is what it printed.
      TimeoutError: it takes longer.
    """
    command = [sys.executable, str(APP), "--port", "0", *options]
    settings = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
    deadline = time.monotonic() + at_most
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603  this project's own program
            command, stdout=log, stderr=log, env=settings
        )
        atexit.register(process.kill)
        while True:
            ended = process.poll() is not None
            printed = _read(log.fileno())
            if found := SERVING.search(printed):
                return AppProcess(process, found[1].split(", "), found[2])
            if ended:
                raise RuntimeError(f"the app has not started: {printed}")
            if time.monotonic() > deadline:
                process.kill()
                raise TimeoutError(f"it did not serve within {at_most:g} s: {printed}")
            time.sleep(0.05)


def _read(descriptor: int) -> str:
    """All of a file, without moving its position."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode()
