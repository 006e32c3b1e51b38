"""Counts the photos in flight, which are limited over all workers together."""

from array import array
from threading import Lock


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
