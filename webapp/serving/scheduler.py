"""Schedules requests: health probes first, photos in batches, slow requests in threads.

Photos are answered in the server's own loop, in batches of at most 8: another thread
would cost two switches of Python's lock for each photo, and the memory that TensorFlow
keeps for each thread. The loop never waits to fill a batch.
"""

import logging
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from time import perf_counter

from waitress.task import ThreadedTaskDispatcher

from webapp.serving import access_log
from webapp.serving.micro_batching import run_batch

log = logging.getLogger(__name__)
THREADS = 2  # two slow requests run side by side
LONG = 0.25  # seconds that a probe may wait for a batch
HISTORY = 4  # batches whose time predicts the next one's
MAX_BATCH = 8  # photos; with more, each waits longer and none is faster
LARGE = 1_000_000  # bytes of a request that may hold many photos
CLIENT_LEFT = 499  # the status in the log, as nginx has it
DECODING = 0.02  # seconds of decoding that close a batch: a large photo is alone in it


class InFlightCounter:
    """Counts the photos in flight in this worker and in all workers.

    Args:
      counts: one count for each worker, in shared memory; each writes its own.
      worker: the index of this process's count.
    """

    def __init__(self, counts=None, worker: int = 0) -> None:
        self._counts = array("I", [0]) if counts is None else counts
        self._worker, self._lock = worker, Lock()

    def enter(self, limit: int) -> bool:
        """Count one more photo and return True; False if that is above the limit."""
        self._add(1)
        if self.count() <= limit:
            return True
        self._add(-1)
        return False

    def leave(self) -> None:
        self._add(-1)

    def count(self) -> int:
        """The photos in flight in all workers."""
        return sum(self._counts)

    def _add(self, number: int) -> None:
        with self._lock:
            self._counts[self._worker] += number


class Scheduler:
    """Queues and answers requests, in place of waitress's task dispatcher.

    Every POST counts as a photo. A photo above the limit is answered at once, with
    `too_many` set. Photos are answered in threads until the last batches were quick.

    Args:
      limit: photos in flight at once, in all workers together.
      in_flight: the counter that the workers share.
      long: parts of the paths that are answered in threads; a proxy's prefix may
        come before them.
      bulk: parts of those that are, if the request has more than LARGE bytes.
    """

    def __init__(
        self,
        *,
        limit: int,
        in_flight: InFlightCounter | None = None,
        long: tuple[str, ...] = (),
        bulk: tuple[str, ...] = (),
    ) -> None:
        self._limit, self._long, self._bulk = limit, long, bulk
        self._in_flight = in_flight or InFlightCounter()
        self._quick: deque = deque()
        self._photos: deque[_Photo] = deque()
        self._took = deque([LONG], HISTORY)  # seconds a photo, batch by batch
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(THREADS)

    @property
    def waiting(self) -> bool:
        """Whether the loop has a request to answer."""
        return bool(self._quick or self._photos)

    @property
    def threads(self) -> set[int]:
        """The threads that are still running after `shutdown`."""
        return self._threads.threads

    def add_task(self, channel) -> None:
        """Queue a request; waitress calls this when the whole body has arrived."""
        request = channel.requests[0]
        request.arrived, request.too_many = perf_counter(), False
        request.leave = lambda: None
        if request.error or request.command != "POST":
            self._quick.append(channel)
        elif not self._in_flight.enter(self._limit):
            request.too_many = True
            self._quick.append(channel)
        elif self._is_long(request):
            self._threads.add_task(_Photo(channel, self._in_flight.leave))
        else:
            photo = _Photo(channel, self._in_flight.leave, self._took.append)
            self._photos.append(photo)

    def _is_long(self, request) -> bool:
        """Whether the request may take long enough to be answered in a thread."""
        if not any(part in request.path for part in self._bulk):
            return any(part in request.path for part in self._long)
        return int(request.headers.get("CONTENT_LENGTH") or 0) > LARGE

    def serve(self) -> None:
        """Answer all probes and pages, then one batch of photos."""
        for _ in range(len(self._quick)):
            channel = self._quick.popleft()
            _answer(channel.service, channel.cancel)
        if not self._photos:
            return
        if max(self._took) >= LONG:
            self._threads.add_task(self._photos.popleft())
            return
        started = perf_counter()
        number = run_batch(self._next(started))
        self._took.append((perf_counter() - started) / number)

    def _next(self, started: float) -> Iterator[Callable[[], None]]:
        """The photos of a batch; each is taken after the one before it is decoded."""
        quick_enough = int(LONG / max(self._took))
        for _ in range(min(MAX_BATCH, quick_enough, len(self._photos))):
            photo = self._photos.popleft()
            yield partial(_answer, photo.answer, photo.cancel)
            if perf_counter() - started > DECODING:
                break

    def shutdown(self, timeout: float) -> None:
        """Wait for the threads to end, for at most `timeout` seconds."""
        self._threads.shutdown(timeout=timeout)


def _answer(service: Callable[[], None], cancel: Callable[[], None]) -> None:
    """Answer one request; an error is logged and the connection closed."""
    try:
        service()
    except Exception:
        log.exception("this request could not be answered")
        cancel()


class _Photo:
    """A request that counts as in flight until its answer begins to be sent.

    The client may then send its next photo, which must not be refused. Nothing is
    computed for a client that has left.
    """

    def __init__(
        self,
        channel,
        leave: Callable[[], None],
        took: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._channel, self._leave, self._took = channel, leave, took
        channel.requests[0].leave = self.leave

    def leave(self) -> None:
        """Stop counting the request; further calls have no effect."""
        self._leave()
        self._leave = lambda: None

    def service(self) -> None:
        """Answer in a thread, and record the seconds."""
        started = perf_counter()
        try:
            self.answer()
        finally:
            self._took(perf_counter() - started)

    def answer(self) -> None:
        try:
            if self._channel.peek() == b"":  # waitress does not look any more
                request = self._channel.requests[0]
                fields = {"method": request.command, "path": request.path}
                access_log.log_request(
                    access_log.new_id(), **fields, status=CLIENT_LEFT
                )
                self._channel.cancel()
            else:
                self._channel.service()
        finally:
            self.leave()

    def cancel(self) -> None:
        self._channel.cancel()
