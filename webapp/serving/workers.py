"""Several processes behind one address, each with graphs and sessions of its own.

The parent loads nothing, so that no session ever crosses a fork. It holds the socket,
starts the workers, starts another where one has died, and hands a signal on.
"""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click
from prometheus_client import multiprocess

from webapp.serving.server import DRAIN, SIGNALS
from webapp.serving.shared_state import WorkerState, lay

VARIABLE = "WEBAPP_WORKER"  # what a worker is given: three files, and its seat
METRICS = "PROMETHEUS_MULTIPROC_DIR"
LAST = DRAIN + 5  # seconds after the signal: one that hangs in a model is killed
log = logging.getLogger(__name__)


class WorkerContext(NamedTuple):
    """What a worker is given: the socket, a pipe to say that it serves, its seat."""

    listener: socket.socket
    ready: int
    seat: WorkerState

    def tell(self, text: str) -> None:
        """Tells the parent, and the fellows, what is served now."""
        self.seat.take()
        log.info("worker %d serves", self.seat.number)
        with suppress(BrokenPipeError):  # only the first is waited for
            os.write(self.ready, text.encode())
        os.close(self.ready)


def post() -> WorkerContext | None:
    """This process's, if it is a worker; from now on it ends with its parent."""
    if VARIABLE not in os.environ:
        return None
    listener, ready, parent, number = map(int, os.environ.pop(VARIABLE).split(","))
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    seat = WorkerState(Path(os.environ[METRICS]), number)
    return WorkerContext(socket.socket(fileno=listener), ready, seat)


def _end_with(parent: int) -> None:
    os.read(parent, 1)  # nothing comes, until the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """The workers, each in its seat, and the process that looks after them.

    The first says what is wrong with the models, or serves while the others load.
    """

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener, self._count = listener, count
        self._alive, self._alive_end = os.pipe()
        self._folder = Path(tempfile.mkdtemp(prefix="workers-"))
        self._workers: dict[int, subprocess.Popen] = {}
        self._end: float | None = None  # of the time for the drain, once it is asked

    def run(self) -> int:
        """Serves until a signal comes; the exit status."""
        try:
            lay(self._folder, self._count)
            line = os.read(self._start(0), 1000).decode()
            for number in SIGNALS:
                signal.signal(number, self._stop)
            if line:
                click.echo(line)
                for number in range(1, self._count):
                    os.close(self._start(number))
            else:
                self._stop()  # it has said why, and ended
            return self._watch()
        finally:
            shutil.rmtree(self._folder)

    def _start(self, number: int) -> int:
        """Starts a worker in that seat; the pipe in which it will say that it serves.

        The count is told too: the default may be another by now.
        """
        told, ready = os.pipe()
        passed = (self._listener.fileno(), ready, self._alive)
        given = {
            VARIABLE: ",".join(map(str, (*passed, number))),
            METRICS: str(self._folder),
            "WORKERS": str(self._count),
        }
        self._workers[number] = subprocess.Popen(
            [sys.executable, *sys.argv],
            env={**os.environ, **given},
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C is for the parent, which hands it on
        )
        os.close(ready)
        return told

    def _stop(self, *_) -> None:
        self._end = time.monotonic() + LAST
        self._listener.close()
        for worker in self._workers.values():
            worker.send_signal(signal.SIGTERM)

    def _watch(self) -> int:
        """Until all have ended: the worst of their exit statuses."""
        well = (0, -signal.SIGTERM)  # the latter had served nothing yet
        while any(worker.poll() is None for worker in self._workers.values()):
            for number, worker in self._workers.items():
                if self._end and time.monotonic() > self._end:
                    worker.kill()
                elif worker.poll() is not None and not self._end:
                    self._replace(number, worker)
            time.sleep(0.1)
        codes = [worker.returncode for worker in self._workers.values()]
        return max(0 if code in well else abs(code) for code in codes)

    def _replace(self, number: int, worker: subprocess.Popen) -> None:
        log.error("worker %s ended with %s", worker.pid, worker.returncode)
        multiprocess.mark_process_dead(worker.pid, str(self._folder))
        WorkerState(self._folder, number).leave()
        os.close(self._start(number))
        time.sleep(1)  # not in a circle
