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
from typing import NamedTuple

import click
from prometheus_client import multiprocess

from webapp.server import SIGNALS

VARIABLE = "WEBAPP_WORKER"  # of the socket and two pipes, for a worker
METRICS = "PROMETHEUS_MULTIPROC_DIR"
log = logging.getLogger(__name__)


class Post(NamedTuple):
    """What a worker is given: the socket, and a pipe to say that it serves."""

    listener: socket.socket
    ready: int

    def tell(self, text: str) -> None:
        """Tells the parent what is served now."""
        with suppress(BrokenPipeError):  # nobody waits for one that replaces another
            os.write(self.ready, text.encode())
        os.close(self.ready)


def post() -> Post | None:
    """This process's, if it is a worker; from now on it ends with its parent."""
    if VARIABLE not in os.environ:
        return None
    listener, ready, parent = map(int, os.environ.pop(VARIABLE).split(","))
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    return Post(socket.socket(fileno=listener), ready)


def _end_with(parent: int) -> None:
    os.read(parent, 1)  # nothing comes, until the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


class Crew:
    """The workers, and the process that looks after them."""

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener, self._count = listener, count
        self._alive, self._alive_end = os.pipe()
        self._folder = tempfile.mkdtemp(prefix="metrics-")
        self._workers: list[subprocess.Popen] = []
        self._stopping = False

    def run(self) -> int:
        """Serves until a signal comes; the exit status."""
        try:
            told = [self._start() for _ in range(self._count)]
            lines = [os.read(ready, 1000).decode() for ready in told]
            for number in SIGNALS:
                signal.signal(number, self._stop)
            if all(lines):
                click.echo(lines[0])
            else:
                self._stop()  # one has said why, and ended
            return self._watch()
        finally:
            shutil.rmtree(self._folder)

    def _start(self) -> int:
        """Starts a worker; the pipe in which it will say that it serves."""
        told, ready = os.pipe()
        passed = (self._listener.fileno(), ready, self._alive)
        process = subprocess.Popen(
            [sys.executable, *sys.argv],
            env={
                **os.environ,
                VARIABLE: ",".join(map(str, passed)),
                METRICS: self._folder,
            },
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C is for the parent, which hands it on
        )
        os.close(ready)
        self._workers.append(process)
        return told

    def _stop(self, *_) -> None:
        self._stopping = True
        self._listener.close()
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)

    def _watch(self) -> int:
        """Until all have ended: the worst of their exit statuses."""
        well = (0, -signal.SIGTERM)  # the latter had served nothing yet
        while any(worker.poll() is None for worker in self._workers):
            ended = [worker for worker in self._workers if worker.poll() is not None]
            if ended and not self._stopping:
                self._replace(ended[0])
            time.sleep(0.1)
        codes = [worker.returncode for worker in self._workers]
        return max(0 if code in well else abs(code) for code in codes)

    def _replace(self, worker: subprocess.Popen) -> None:
        log.error("worker %s ended with %s", worker.pid, worker.returncode)
        multiprocess.mark_process_dead(worker.pid, self._folder)
        self._workers.remove(worker)
        os.close(self._start())
        time.sleep(1)  # not in a circle
