"""A queue of requests, and the threads that answer them beside the server's loop."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from contextlib import suppress
from time import perf_counter

from webapp.serving.pending_request import PendingRequest

LONG = 1.0  # seconds after which the next run does not wait for this one
UNBOUNDED = "/v2/repository/"  # in the path of requests that load a model


class Run:
    """Work of one thread: since when, and for which requests."""

    future: Future

    def __init__(self, first: PendingRequest) -> None:
        self.started, self.requests = perf_counter(), [first]

    @property
    def model(self) -> str:
        """The model of its first request."""
        return self.requests[0].model

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return perf_counter() - self.started

    @property
    def is_long(self) -> bool:
        return self.seconds > LONG

    @property
    def is_bounded(self) -> bool:
        """Whether it has a deadline."""
        return not any(UNBOUNDED in request.path for request in self.requests)

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        with suppress(TimeoutError):
            self.future.result(seconds)


class RunQueue:
    """Requests that wait, and at most `count` threads, started when they are needed.

    A computation cannot be interrupted, so a thread that hangs stays for ever. One
    thread is kept for the other models when those of one model take long.

    Attributes:
      runs: what is running.
      on_end: called in the thread at the end of each run; it wakes the loop.
    """

    def __init__(self, count: int) -> None:
        self._pool, self.count = ThreadPoolExecutor(count), count
        self._waiting: deque[PendingRequest] = deque()
        self._runs: set[Run] = set()
        self.on_end: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def append(self, request: PendingRequest) -> None:
        self._waiting.append(request)

    @property
    def runs(self) -> list[Run]:
        return [*self._runs]

    @property
    def may_start(self) -> bool:
        """Whether a thread is free, and a request that may have it waits."""
        return len(self._runs) < self.count and self._next() is not None

    def _next(self) -> PendingRequest | None:
        """The first request that may have a thread."""
        if not self._waiting:
            return None
        held = self._held()
        return next(
            (one for one in self._waiting.copy() if one.model not in held), None
        )

    def _held(self) -> set[str]:
        """The models that have all threads but one."""
        if len(self._runs) < self.count - 1:
            return set()
        running = Counter(run.model for run in self.runs)
        return {model for model, number in running.items() if number >= self.count - 1}

    def start(self, work: Callable[[Run], None]) -> Run:
        """Do the work for the next request in a free thread, if `may_start`.

        The work finds it in its run, and may `take` more.
        """
        first = self._next()
        assert first
        self._waiting.remove(first)
        run = Run(first)
        self._runs.add(run)
        run.future = self._pool.submit(self._run, work, run)
        return run

    def _run(self, work: Callable[[Run], None], run: Run) -> None:
        try:
            work(run)
        finally:
            self._runs.discard(run)
            self.on_end()

    def take(self, run: Run, most: int) -> Iterator[PendingRequest]:
        """The first request of a run and those after it, each when it is asked for."""
        yield run.requests[0]
        while len(run.requests) < most and (request := self._next()):
            if self._remove(request):
                run.requests.append(request)
                yield request

    def late(self, patience: float) -> Iterator[PendingRequest]:
        """The requests that have waited for too many seconds; they wait no more."""
        for request in self._waiting.copy():
            if request.waited() <= patience:
                return
            if self._remove(request):
                yield request

    def overdue(self, deadline: float) -> list[Run]:
        """The runs that have a deadline, and have taken longer."""
        return [run for run in self.runs if run.seconds > deadline and run.is_bounded]

    def is_lost(self, deadline: float) -> bool:
        """Whether no thread is left: all runs have taken too long."""
        return len(self.overdue(deadline)) >= self.count

    def _remove(self, request: PendingRequest) -> bool:
        """Whether the request still waited; another thread may have taken it."""
        try:
            self._waiting.remove(request)
        except ValueError:
            return False
        return True

    def shutdown(self, seconds: float) -> None:
        """Wait for the threads to end, for at most so many seconds."""
        self._pool.shutdown(wait=False)
        end = perf_counter() + seconds
        for run in self.runs:
            run.wait(max(0, end - perf_counter()))
