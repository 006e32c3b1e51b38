"""Who may come in, and who may use the model: overload is answered, not queued."""

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from werkzeug.exceptions import GatewayTimeout, ServiceUnavailable

RETRY_AFTER = 1  # second


class Inside:
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
        if sum(self._counts) <= limit:
            return True
        self._add(-1)
        return False

    def leave(self) -> None:
        self._add(-1)

    def _add(self, number: int) -> None:
        with self._lock:
            self._counts[self._seat] += number


class Turns:
    """So many at once, and the others in the order in which they came.

    A semaphore lets late comers pass: some then wait several times as long as others.
    """

    def __init__(self, count: int) -> None:
        self._free, self._lock = count, Lock()
        self._queue: deque[Lock] = deque()

    def take(self, patience: float) -> bool:
        """Whether there was a turn within so many seconds; then give it back."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = Lock()
            mine.acquire()
            self._queue.append(mine)
        if mine.acquire(timeout=patience):
            return True
        with self._lock:
            if mine in self._queue:
                self._queue.remove(mine)
                return False
        return True  # it was given just now

    def give_back(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._free += 1


class Admission:
    """At most `limit` photos inside at once, of which `slots` are worked on here.

    The next photo is refused at once; one that waits longer than `patience`
    seconds for a model is refused then.

    Args:
      inside: counts them, for all workers together.
      refused: told the reason, "busy" or "late", of each refusal.
    """

    def __init__(
        self,
        limit: int,
        *,
        slots: int,
        patience: float,
        inside: Inside | None = None,
        refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.patience = patience
        self._refused = refused
        self._limit, self._inside = limit, inside or Inside()
        self._turns = Turns(slots)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place inside for one photo."""
        if not self._inside.enter(self._limit):
            self._refused("busy")
            raise ServiceUnavailable(
                "too many photos at once: send this one again in a second",
                retry_after=RETRY_AFTER,
            )
        try:
            yield
        finally:
            self._inside.leave()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A turn for one photo, decoded and asked about; it bounds the memory too."""
        if not self._turns.take(self.patience):
            self._refused("late")
            raise GatewayTimeout(
                f"the model had no time for this photo in {self.patience:g} s: "
                "send it again later"
            )
        try:
            yield
        finally:
            self._turns.give_back()
