"""Threads beside the server's loop, for what may take long; the loop watches them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from contextlib import suppress
from time import perf_counter

from webapp.serving.pending_request import PendingRequest

Work = Callable[["Run"], None]


class Run:
    """Work of one thread: since when, and for which requests."""

    future: Future

    def __init__(self) -> None:
        self.started = perf_counter()
        self.requests: list[PendingRequest] = []

    @property
    def model(self) -> str | None:
        """The model of its first request; None: it has not begun."""
        return self.requests[0].model if self.requests else None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return perf_counter() - self.started

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        with suppress(TimeoutError):
            self.future.result(seconds)


class RunThreads:
    """At most `count` threads, which are started when they are needed.

    A computation cannot be interrupted, so a thread that hangs stays for ever.

    Attributes:
      on_end: called in the thread at the end of each run; it wakes the loop.
    """

    def __init__(self, count: int) -> None:
        self._pool, self.count = ThreadPoolExecutor(count), count
        self._runs: set[Run] = set()
        self.on_end: Callable[[], None] = lambda: None

    @property
    def runs(self) -> list[Run]:
        """What is running."""
        return [*self._runs]

    @property
    def has_free(self) -> bool:
        """Whether a thread is free."""
        return len(self._runs) < self.count

    def start(self, work: Work) -> Run:
        """Run the work in a free thread."""
        run = Run()
        self._runs.add(run)
        run.future = self._pool.submit(self._run, work, run)
        return run

    def _run(self, work: Work, run: Run) -> None:
        try:
            work(run)
        finally:
            self._runs.discard(run)
            self.on_end()

    def shutdown(self, seconds: float) -> None:
        """Wait for the threads to end, for at most so many seconds."""
        self._pool.shutdown(wait=False)
        end = perf_counter() + seconds
        for run in self.runs:
            run.wait(max(0, end - perf_counter()))
