"""Who is answered when: what is quick at once, photos in turns, what is long apart.

A photo that another thread works on costs two hand-overs of Python's lock, and the
memory that TensorFlow keeps for each thread; one that the server's own loop works on
costs neither. Those that wait for it go through the network together. Whoever comes
meanwhile waits for these, not for its turn.
"""

import logging
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from time import perf_counter

from waitress.task import ThreadedTaskDispatcher

from webapp.serving.micro_batching import run_batch

log = logging.getLogger(__name__)
THREADS = 2  # so that one long answer does not wait for another
LONG = 0.25  # seconds that a probe may wait for photos
LAST = 4  # turns that were quick: then the next one will be
MOST = 8  # photos together; with more, one waits longer and the network gains nothing
DECODING = 0.02  # seconds: then no further one is begun, so a large photo goes alone


class InFlightCounter:
    """How many photos are inside now, here and in the other workers.

    Args:
      counts: a number for each worker, in memory that they share; each writes its own.
      seat: which of them is this process's.
    """

    def __init__(self, counts=None, seat: int = 0) -> None:
        self._counts = array("I", [0]) if counts is None else counts
        self._seat, self._lock = seat, Lock()

    def enter(self, limit: int) -> bool:
        """One more, unless that is above the limit; never above it, by nobody."""
        self._add(1)
        if self.count() <= limit:
            return True
        self._add(-1)
        return False

    def leave(self) -> None:
        self._add(-1)

    def count(self) -> int:
        """Of all workers."""
        return sum(self._counts)

    def _add(self, number: int) -> None:
        with self._lock:
            self._counts[self._seat] += number


class Scheduler:
    """What waitress takes for its threads: it is given requests, and answers them.

    A POST brings a photo. So many are inside at once; the next one is answered too, at
    once, and its environment says that the server is busy. Photos as well have threads
    until the model has shown that it is quick, and when it was not.

    Args:
      limit: photos inside at once, those of the other workers among them.
      long: paths, or how they begin, that are answered in threads.
    """

    def __init__(
        self,
        *,
        limit: int,
        inside: InFlightCounter | None = None,
        long: tuple[str, ...] = (),
    ) -> None:
        self._limit, self._inside, self._long = limit, inside or InFlightCounter(), long
        self._quick: deque = deque()
        self._photos: deque[_Photo] = deque()
        self._took = deque([LONG], LAST)  # seconds a photo
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(THREADS)

    @property
    def waiting(self) -> bool:
        """Whether anything does, for the loop."""
        return bool(self._quick or self._photos)

    @property
    def threads(self) -> set[int]:
        """Those that still work, after `shutdown`."""
        return self._threads.threads

    def add_task(self, channel) -> None:
        """Called by waitress when a request has come, with its whole body."""
        request = channel.requests[0]
        request.arrived, request.too_many = perf_counter(), False
        request.leave = lambda: None
        if request.error or request.command != "POST":
            self._quick.append(channel)
        elif not self._inside.enter(self._limit):
            request.too_many = True
            self._quick.append(channel)
        elif request.path.startswith(self._long):
            self._threads.add_task(_Photo(channel, self._inside.leave))
        else:
            photo = _Photo(channel, self._inside.leave, self._took.append)
            self._photos.append(photo)

    def serve(self) -> None:
        """Answers all that is quick, and some photos, or begins one."""
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
        """The photos of this turn, one when the one before it is decoded."""
        quick_enough = int(LONG / max(self._took))
        for _ in range(min(MOST, quick_enough, len(self._photos))):
            photo = self._photos.popleft()
            yield partial(_answer, photo.answer, photo.cancel)
            if perf_counter() - started > DECODING:
                break

    def shutdown(self, timeout: float) -> None:
        """Ends the threads, so far as they end in so many seconds."""
        self._threads.shutdown(timeout=timeout)


def _answer(service: Callable[[], None], cancel: Callable[[], None]) -> None:
    """Whatever goes wrong, the next one has its turn; as in a thread of waitress."""
    try:
        service()
    except Exception:
        log.exception("this request has no answer")
        cancel()


class _Photo:
    """A request that counts as inside until its answer begins to go out.

    Whoever has the answer may send the next photo at once.
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
        """Does so once."""
        self._leave()
        self._leave = lambda: None

    def service(self) -> None:
        """In a thread: the answer, and how long it took."""
        started = perf_counter()
        try:
            self.answer()
        finally:
            self._took(perf_counter() - started)

    def answer(self) -> None:
        try:
            self._channel.service()
        finally:
            self.leave()

    def cancel(self) -> None:
        self._channel.cancel()
