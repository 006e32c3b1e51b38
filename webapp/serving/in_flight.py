"""Counts the photos in flight, which are limited over all workers together."""

from threading import Lock
from types import SimpleNamespace
from typing import Any


class InFlightCounter:
    """Counts the photos in flight in this worker and in all workers.

    Args:
      slots: one for each worker, with `in_flight`; each worker writes its own.
      worker: the index of this process's slot.
    """

    def __init__(self, slots: Any = None, worker: int = 0) -> None:
        self._slots = [SimpleNamespace(in_flight=0)] if slots is None else slots
        self._own, self._lock = self._slots[worker], Lock()

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
        return sum(slot.in_flight for slot in self._slots)

    def _add(self, number: int) -> None:
        with self._lock:
            self._own.in_flight += number
