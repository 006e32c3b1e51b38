"""One budget, in bytes, for all request bodies of a process.

A body counts from its first byte, as its bytes arrive: while it is received, while its
request waits, and until the answer is sent or the connection is closed. What a packed
body is unpacked to counts, too. A Content-Length alone reserves nothing, so that
clients that send little cannot take the budget from others.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock

from waitress.utilities import Error

from helpers.serving.allocator import return_free_memory

SHARE = "webapp.body_share"  # in the WSGI environment
BURST = 32_000_000  # bytes of bodies that went, after which memory is given back


class NoRoom(Error):
    """Answers 503: the bodies of other requests fill the budget."""

    code, reason = 503, "Service Unavailable"

    def __init__(self) -> None:
        super().__init__("Too many bytes came at once: send this again in a second.")


class BodyBudget:
    """Counts bytes up to a limit, in all threads.

    Args:
      limit: bytes of all bodies together.
      refused: called with the reason, "bodies", for each request that has no room.
    """

    def __init__(
        self, limit: int, refused: Callable[[str], None] = lambda reason: None
    ) -> None:
        self.limit, self._refused = limit, refused
        self._used = self._peak = 0
        self._lock = Lock()
        # A share may be given back by the garbage collector, in any thread and while
        # this one holds the lock; so that is noted here without it.
        self._given_back: deque[int] = deque()

    @property
    def used(self) -> int:
        """The bytes that count now."""
        with self._lock:
            return self._count()

    def has_room(self, count: int) -> bool:
        """Whether so many bytes more would be within the limit."""
        return self.used + count <= self.limit

    def take(self, count: int) -> bool:
        """Count so many bytes more and return True; False if that is too many."""
        with self._lock:
            fits = self._count() + count <= self.limit
            if fits:
                self._used += count
                self._peak = max(self._peak, self._used)
            return fits

    def give_back(self, count: int) -> None:
        """Stop counting so many bytes."""
        self._given_back.append(count)

    def refuse(self) -> NoRoom:
        """The answer of a request that has no room; it is counted as refused."""
        self._refused("bodies")
        return NoRoom()

    def trim(self) -> bool:
        """Return memory to the OS once a burst of bodies has gone; whether it did."""
        with self._lock:
            fell = self._peak - self._count()
            if fell < BURST:
                return False
            self._peak = self._used
        return_free_memory()
        return True

    def _count(self) -> int:
        while self._given_back:
            self._used -= self._given_back.popleft()
        return self._used


class BodyShare:
    """What the body of one request takes of the budget; given back once."""

    def __init__(self, budget: BodyBudget) -> None:
        self.budget, self._taken = budget, 0

    def take(self, count: int) -> bool:
        """Take so many bytes more; whether there was room."""
        if not self.budget.take(count):
            return False
        self._taken += count
        return True

    def give_back(self, count: int) -> None:
        """Give back some of what was taken."""
        self._taken -= count
        self.budget.give_back(count)

    def release(self) -> None:
        """Give back everything; again: nothing."""
        taken, self._taken = self._taken, 0
        if taken:
            self.budget.give_back(taken)

    __del__ = release  # a request that nobody answers, as when its thread was lost
