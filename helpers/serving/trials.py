"""Tries model files before they are loaded, and remembers what came of it."""

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

from helpers.serving.file_bounds import check_bounds
from helpers.serving.trial import Limits, Trial, Unfinished
from helpers.serving.verdicts import SharedVerdict
from helpers.serving.versions import stamp_of

IDLE = 10  # seconds that a process waits for another file
BLOCKED = 10  # seconds that a file waits for others before another process is started
MOST = 3  # processes
RETRY = 30  # seconds until a file that could not be read is tried again
log = logging.getLogger(__name__)


class NotTried(Exception):
    """Nobody knows yet whether the file can be served."""


class _Job:
    """One state of a file, and whether it was tried: with a verdict, or an error."""

    def __init__(self, path: Path) -> None:
        self.path, self.stamp = path, stamp_of(path)
        self.begun, self.done = Event(), Event()
        self.refused = ""
        self.error: Exception | None = None
        self.until = inf  # by time.monotonic; then it is tried again


class Trials:
    """The verdicts on model files, and the processes in which they are tried.

    A process is started when a file is to be tried, and ends when it is idle.

    Args:
      settings: arguments of FrozenModel.load, plain values.
      shared: a folder through which processes share verdicts; None: nobody else does.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        limits: Limits = Limits(),  # noqa: B008  never modified
        shared: Path | None = None,
    ) -> None:
        self._settings, self._limits, self._shared = settings, limits, shared
        self._changed = threading.Condition(threading.RLock())  # guards all that follow
        self._jobs: dict[Path, _Job] = {}  # the last one of each file
        self._waiting: deque[_Job] = deque()
        self._threads, self._trials = 0, set[Trial]()
        self._is_closed = False

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that run."""
        with self._changed:
            return [trial.pid for trial in self._trials]

    def announce(self, paths: Iterable[Path]) -> None:
        """Begin to try these files, in this order, while the caller does other things.

        A file that cannot be tried is left to `check`.
        """
        for path in paths:
            with suppress(OSError, ValueError):
                self._job(path)
                if not self._threads:
                    self._start_thread()

    def check(self, path: Path, patience: float | None = None) -> None:
        """Return if the file may be loaded.

        Args:
          patience: seconds to wait for the verdict; None: as long as it takes.
        Raises:
          NotTried: it is not known yet.
          OSError: the file cannot be read, or no process can be started.
          ValueError: it cannot be served; the sentence says why.
        """
        job, started = self._job(path), monotonic()
        blocked, end = started + BLOCKED, started + (patience or 0)
        while not job.done.is_set():
            now = monotonic()
            self.check_open()
            if patience is not None and now >= end:
                raise NotTried(f"{path} is still being tried")
            if not self._threads or (now > blocked and not job.begun.is_set()):
                self._start_thread()
                blocked = now + BLOCKED
            job.done.wait(1 if patience is None else min(1, end - now))
        if stamp_of(path) != job.stamp:
            raise NotTried(f"{path} was changed while it was tried")
        if job.error:
            raise job.error
        if job.refused:
            raise ValueError(job.refused)

    def close(self) -> None:
        """End the processes; what is being tried gets no verdict."""
        with self._changed:
            self._is_closed = True
            for trial in self._trials:
                trial.kill()
            self._changed.notify_all()

    def __enter__(self) -> "Trials":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _job(self, path: Path) -> _Job:
        """The trial of the file as it is now; a new one waits to be begun."""
        check_bounds(path)
        job = _Job(path)
        with self._changed:
            known = self._jobs.get(path)
            if known and known.stamp == job.stamp and monotonic() < known.until:
                return known
            # Files that have gone are forgotten: versions may come for years.
            there = filter(os.path.exists, self._jobs)
            self._jobs = {one: self._jobs[one] for one in there}
            self._jobs[path] = job
            self._waiting.append(job)
            self._changed.notify()
        return job

    def _start_thread(self) -> None:
        """Start a thread, which has a process of its own if it needs one."""
        with self._changed:
            if self._threads < MOST and self._waiting and not self._is_closed:
                try:
                    Thread(target=self._work, name="trials", daemon=True).start()
                except RuntimeError as error:
                    raise OSError(f"no model file can be tried: {error}") from error
                self._threads += 1

    def _work(self) -> None:
        own = _OwnTrial(self)
        while job := self._next():
            job.begun.set()
            try:
                job.refused = self._verdict(job, own)
            except Exception as error:
                job.error = error
                is_short = isinstance(error, NotTried)
                job.until = 0 if is_short else monotonic() + RETRY
            job.done.set()
        own.close()

    def _next(self) -> _Job | None:
        """The next file to try; None: there was none for IDLE seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed, IDLE)
            while self._is_closed and self._waiting:
                job = self._waiting.popleft()
                job.error = NotTried(f"{job.path} is not tried: the server ends")
                job.done.set()
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None

    def _verdict(self, job: _Job, own: "_OwnTrial") -> str:
        """Why the file is refused, from another process if it knows; "" if it is not.

        Raises:
          OSError: it cannot be read, or no process can be started.
          NotTried: it has changed, or the trial was ended.
        """
        if stamp_of(job.path) != job.stamp:
            raise NotTried(f"{job.path} has changed")
        if self._shared is None:
            return own.refusal(job.path, self._limits)
        verdict = SharedVerdict(self._shared, job.path, job.stamp)
        if (found := verdict.read()) is not None:
            return found
        longest = self._limits.seconds * 2 + 60
        with verdict.alone(longest, lambda: self._is_closed):
            if (found := verdict.read()) is not None:
                return found
            refused = own.refusal(job.path, self._limits)
            if stamp_of(job.path) == job.stamp:
                _store(verdict, refused)
        return refused

    def started(self) -> Trial:
        """A new process for a file.

        Raises:
          NotTried: the server ends.
          OSError: it cannot be started.
        """
        with self._changed:
            self.check_open()
            trial = Trial(self._settings)
            self._trials.add(trial)
            return trial

    def check_open(self) -> None:
        """Raise NotTried if the processes were ended by `close`."""
        if self._is_closed:
            raise NotTried("nothing is tried: the server ends")

    def ended(self, trial: Trial) -> None:
        """Forget a process, and close it."""
        with self._changed:
            self._trials.discard(trial)
        trial.close()


class _OwnTrial:
    """The process of one thread, which is started again when a file has ended it."""

    def __init__(self, trials: Trials) -> None:
        self._trials = trials
        self._trial: Trial | None = None

    def refusal(self, path: Path, limits: Limits) -> str:
        """As Trial.refusal; it tries again if the process has ended before."""
        try:
            return self._refusal(path, limits)
        except Unfinished:
            return self._refusal(path, limits)

    def _refusal(self, path: Path, limits: Limits) -> str:
        if self._trial is None:
            self._trial = self._trials.started()
        try:
            refused = self._trial.refusal(path, limits)
        except Unfinished:
            self.close()
            raise
        if not self._trial.is_alive:
            self.close()
            self._trials.check_open()
        return refused

    def close(self) -> None:
        if self._trial:
            self._trials.ended(self._trial)
        self._trial = None


def _store(verdict: SharedVerdict, refused: str) -> None:
    try:
        verdict.write(refused)
    except OSError as error:
        log.warning("other workers try the file again: %s", error)
