"""Worker processes behind one address, each with graphs and sessions of its own.

The supervisor loads no model, so that no session is used across a fork. It holds the
socket, starts the workers, replaces those that die, and forwards signals.
"""

import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click
from prometheus_client import multiprocess

from webapp.option_variables import variable
from webapp.serving.orphans import reap_orphans
from webapp.serving.server import DRAIN, SIGNALS
from webapp.serving.shared_state import WorkerState, create_state
from webapp.serving.state_folder import create_folder, hold

VARIABLE = "WEBAPP_WORKER"  # three file descriptors and the worker's number
METRICS = "PROMETHEUS_MULTIPROC_DIR"
STOP_SECONDS = DRAIN + 5  # after the signal; then a worker that hangs is killed
log = logging.getLogger(__name__)


class WorkerContext(NamedTuple):
    """A worker's listening socket, pipe to report that it serves, and shared state."""

    listener: socket.socket
    ready: int
    state: WorkerState

    def report(self, text: str) -> None:
        """Report to the supervisor and the other workers that this one serves."""
        self.state.join()
        log.info("worker %d serves", self.state.number)
        with suppress(BrokenPipeError):  # the supervisor reads the first worker's only
            os.write(self.ready, text.encode())
        os.close(self.ready)


def worker_context() -> WorkerContext | None:
    """The context, or None if this process is not a worker.

    The worker ends when its supervisor does.
    """
    if VARIABLE not in os.environ:
        return None
    listener, ready, parent, number = map(int, os.environ.pop(VARIABLE).split(","))
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    state = WorkerState(Path(os.environ[METRICS]), number)
    return WorkerContext(socket.socket(fileno=listener), ready, state)


def _end_with(parent: int) -> None:
    os.read(parent, 1)  # returns when the supervisor's end is closed
    os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """Starts, watches and replaces the workers.

    The others start when the first one serves; it reports errors of the models.
    """

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener, self._count = listener, count
        self._alive, self._alive_end = os.pipe()
        self._folder = create_folder()
        self._in_use = hold(self._folder)
        self._workers: dict[int, subprocess.Popen] = {}
        self._end: float | None = None  # when workers that still run are killed
        self._signals = self._forwarded = 0  # how many came, and how many were sent on
        self._next_start = 0.0  # when the next replacement may start

    def run(self) -> int:
        """Run until a signal comes; returns the exit status."""
        try:
            create_state(self._folder, self._count)
            for signal_number in SIGNALS:
                signal.signal(signal_number, self._stop)
            line = self._report_of(self._start(0))
            if line and not self._end:
                click.echo(line)
                self._start_others()
            elif not line and not self._end:
                self._stop()  # the first worker has printed its error and ended
            return self._watch()
        finally:
            shutil.rmtree(self._folder)

    def _start_others(self) -> None:
        for number in range(1, self._count):
            if not self._end:
                os.close(self._start(number))

    def _report_of(self, reports: int) -> str:
        """What a worker reports when it serves; "" if it ends before."""
        while not select.select([reports], [], [], 0.1)[0]:
            self._stop_workers()
        return os.read(reports, 1000).decode()

    def _start(self, number: int) -> int:
        """Start the worker of that number; returns the pipe that it reports to.

        It gets the number of workers too: the default depends on free memory.
        """
        reports, ready = os.pipe()
        passed = (self._listener.fileno(), ready, self._alive)
        given = {
            VARIABLE: ",".join(map(str, (*passed, number))),
            METRICS: str(self._folder),
            variable("--workers"): str(self._count),
        }
        self._workers[number] = subprocess.Popen(
            [sys.executable, *sys.argv],
            env={**os.environ, **given},
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C reaches the supervisor, which forwards it
        )
        os.close(ready)
        return reports

    def _stop(self, *_) -> None:
        """Note that a signal came, which may be in the middle of a worker's start."""
        self._signals += 1
        self._end = self._end or time.monotonic() + STOP_SECONDS

    def _stop_workers(self) -> None:
        """Forward each signal to all workers, once; kill those that hang."""
        if self._end is None:
            return
        self._listener.close()
        while self._forwarded < self._signals:
            self._forwarded += 1
            for worker in self._workers.values():
                worker.send_signal(signal.SIGTERM)
        if time.monotonic() > self._end:
            for worker in self._workers.values():
                worker.kill()

    def _watch(self) -> int:
        """Wait until all have ended; returns the highest of their exit statuses."""
        normal = (0, -signal.SIGTERM)  # the latter was not serving yet
        while any(worker.poll() is None for worker in self._workers.values()):
            self._stop_workers()
            for number, worker in self._workers.items():
                if worker.poll() is not None and not self._end:
                    self._replace(number, worker)
            if os.getpid() == 1:
                reap_orphans({worker.pid for worker in self._workers.values()})
            time.sleep(0.1)
        codes = [worker.returncode for worker in self._workers.values()]
        return max(0 if code in normal else abs(code) for code in codes)

    def _replace(self, number: int, worker: subprocess.Popen) -> None:
        """Start another worker of that number, at most one a second."""
        if time.monotonic() < self._next_start:
            return
        self._next_start = time.monotonic() + 1
        log.error("worker %s ended with %s", worker.pid, worker.returncode)
        multiprocess.mark_process_dead(worker.pid, str(self._folder))
        WorkerState(self._folder, number).leave()
        os.close(self._start(number))
