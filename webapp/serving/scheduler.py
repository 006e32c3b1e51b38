"""Schedules requests: health probes first, photos in batches, slow requests in threads.

Photos are answered in the server's own loop, in batches of at most 8: another thread
would cost two switches of Python's lock for each photo, and the memory that TensorFlow
keeps for each thread. The loop never waits to fill a batch.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import perf_counter

from waitress.task import ThreadedTaskDispatcher

from webapp.serving import access_log
from webapp.serving.in_flight import InFlightCounter
from webapp.serving.micro_batching import run_batch

log = logging.getLogger(__name__)
THREADS = 2  # two slow requests run side by side
LONG = 0.25  # seconds that a probe may wait for a batch
HISTORY = 4  # batches whose time predicts the next one's
MAX_BATCH = 8  # photos; with more, each waits longer and none is faster
CLIENT_LEFT = 499  # the status in the log, as nginx has it
DECODING = 0.02  # seconds of decoding that close a batch: a large photo is alone in it


class Scheduler:
    """Queues and answers requests, in place of waitress's task dispatcher.

    Every POST counts as a photo. A photo above the limit is answered at once, with
    `too_many` set. Photos are answered in threads until the last batches were quick.

    Args:
      limit: photos in flight at once, in all workers together.
      in_flight: the counter that the workers share.
      long: the first of these parts that a path has says from how many bytes on its
        requests are answered in threads; a proxy's prefix may come before it. A body
        that is packed may be of any length.
    """

    def __init__(
        self,
        *,
        limit: int,
        in_flight: InFlightCounter | None = None,
        long: Mapping[str, int] | None = None,
    ) -> None:
        self._limit, self._long = limit, long or {}
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
        for part, least in self._long.items():
            if part in request.path:
                length = int(request.headers.get("CONTENT_LENGTH") or 0)
                return length >= least or "CONTENT_ENCODING" in request.headers
        return False

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
            if self._channel.has_left():  # waitress does not look any more
                self._drop()
            else:
                self._channel.service()
        finally:
            self.leave()

    def _drop(self) -> None:
        request = self._channel.requests[0]
        fields = {"method": request.command, "path": request.path}
        access_log.log_request(access_log.new_id(), **fields, status=CLIENT_LEFT)
        self.cancel()

    def cancel(self) -> None:
        self._channel.cancel()
