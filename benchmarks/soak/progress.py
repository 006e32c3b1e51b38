"""How far the soak test has come: by time, or by the number of requests."""

import time
from typing import Any

QUARTERS = 4


class Progress:
    """Shared by the process that watches and the one whose clients send.

    Args:
      counter: a number in shared memory; the sending process alone writes it.
      seconds: how long requests are sent.
      requests: end after so many requests instead; None: by time.
    """

    def __init__(self, counter: Any, seconds: float, requests: int | None) -> None:
        self._counter, self._seconds, self._requests = counter, seconds, requests
        self._started = time.monotonic()  # of all processes

    @property
    def sent(self) -> int:
        """The requests that were answered or given up."""
        return self._counter.value

    def count(self) -> None:
        """Count one request, under the counter's lock."""
        with self._counter.get_lock():
            self._counter.value += 1

    def share(self) -> float:
        """How much is done: from 0 on; 1 or more: all."""
        if self._requests:
            return self.sent / self._requests
        return (time.monotonic() - self._started) / self._seconds

    def quarter(self) -> int:
        """0 to 3."""
        return min(QUARTERS - 1, int(QUARTERS * self.share()))

    @property
    def is_over(self) -> bool:
        return self.share() >= 1
