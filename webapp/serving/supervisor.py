"""Starts worker processes behind one address, and keeps them going.

The supervisor loads no model, so that no session is used across a fork. It holds the
socket, starts the workers, forwards signals, and replaces workers that die, that have
no heartbeat, or that ask for it.
"""

import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

import click

from webapp.option_variables import variable
from webapp.serving import metric_files
from webapp.serving.orphans import reap_orphans
from webapp.serving.server import DRAIN, SIGNALS
from webapp.serving.shared_state import clear, create_state, open_slots
from webapp.serving.state_folder import create_folder, hold
from webapp.serving.worker import FIRST, METRICS, VARIABLE

STOP_SECONDS = DRAIN + 5  # after the signal; then a worker that hangs is killed
HALTED = 6  # seconds without a heartbeat after which a worker is killed
LOOK_EVERY = 0.1  # seconds between two looks of the supervisor
log = logging.getLogger(__name__)


class Supervisor:
    """Starts, watches and replaces the workers.

    The others start when the first one serves; it reports errors of the models.
    """

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener, self._count = listener, count
        self._alive, self._alive_end = os.pipe()
        self._folder = create_folder()
        self._in_use = hold(self._folder)
        self._workers: dict[int, subprocess.Popen] = {}  # by slot
        self._successors: dict[int, int] = {}  # the slots of replacements, by old slot
        self._has_served = False
        self._codes: list[int] = []  # exit statuses after the signal
        self._end: float | None = None  # when workers that still run are killed
        self._signals = self._forwarded = 0  # how many came, and how many were sent on
        self._next_start = 0.0  # when the next replacement may start
        self._looked = time.monotonic()  # the last time that workers were watched
        self._trust = 0.0  # until then, heartbeats may be old: this process was halted

    def run(self) -> int:
        """Run until a signal comes; returns the exit status."""
        try:
            create_state(self._folder, 2 * self._count)  # and as many replacements
            self._slots = open_slots(self._folder)
            metric_files.create(self._folder)
            for signal_number in SIGNALS:
                signal.signal(signal_number, self._stop)
            line = self._report_of(self._start(0))
            self._has_served = bool(line)
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
        while not select.select([reports], [], [], LOOK_EVERY)[0]:
            self._stop_workers()
        return os.read(reports, 1000).decode()

    def _start(self, number: int) -> int:
        """Start a worker in that slot; returns the pipe that it reports to.

        It gets the number of workers too: the default depends on free memory.
        """
        reports, ready = os.pipe()
        passed = (self._listener.fileno(), ready, self._alive)
        given = {
            VARIABLE: ",".join(map(str, (*passed, number))),
            FIRST: "" if self._has_served else "1",
            METRICS: str(self._folder),
            variable("--workers"): str(self._count),
        }
        self._workers[number] = subprocess.Popen(  # noqa: S603  starts this app
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
        while self._workers:
            self._stop_workers()
            self._note_ended()
            if not self._end:
                self._kill_halted()
                self._end_replaced()
                self._start_missing()
            if os.getpid() == 1:
                reap_orphans({worker.pid for worker in self._workers.values()})
            time.sleep(LOOK_EVERY)
        normal = (0, -signal.SIGTERM)  # the latter was not serving yet
        return max(0 if code in normal else abs(code) for code in self._codes)

    def _note_ended(self) -> None:
        """Forget the workers that have ended, and what they have written."""
        for number, worker in list(self._workers.items()):
            if worker.poll() is None:
                continue
            del self._workers[number]
            clear(self._slots[number])
            metric_files.add_to_ended(self._folder, worker.pid)
            if self._end:
                self._codes.append(worker.returncode)
            elif self._successors.pop(number, None) is None:
                log.error("worker %s ended with %s", worker.pid, worker.returncode)

    def _kill_halted(self) -> None:
        """Kill the workers that serve but have no heartbeat."""
        now = time.monotonic()
        if now - self._looked > 1:
            self._trust = now + HALTED
        self._looked = now
        if now < self._trust:
            return
        for number, worker in self._workers.items():
            slot = self._slots[number]
            if slot.serves and now - slot.heartbeat > HALTED:
                log.error("worker %s has no heartbeat and is killed", worker.pid)
                worker.kill()
                slot.serves = False

    def _end_replaced(self) -> None:
        """Stop the workers whose replacements serve."""
        for old, new in self._successors.items():
            slot, serves = self._slots[old], self._slots[new].serves
            if slot.wants_replacement and serves:
                slot.wants_replacement = False
                self._workers[old].send_signal(signal.SIGTERM)

    def _start_missing(self) -> None:
        """Start a replacement where one is needed, at most one a second."""
        if time.monotonic() < self._next_start:
            return
        old = self._without_successor()
        if old is None and len(self._workers) - len(self._successors) >= self._count:
            return
        new = next(n for n in range(len(self._slots)) if n not in self._workers)
        self._next_start = time.monotonic() + 1
        os.close(self._start(new))
        if old is not None:
            log.error("worker %s is being replaced", self._workers[old].pid)
            self._successors[old] = new

    def _without_successor(self) -> int | None:
        """The slot of a worker that asks for a replacement and has none."""
        for number in self._workers:
            wants = self._slots[number].wants_replacement
            if wants and self._successors.get(number) not in self._workers:
                return number
        return None
