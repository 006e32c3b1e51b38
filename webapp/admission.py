"""Who may come in, and who may use the model: overload is answered, not queued."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Semaphore

from werkzeug.exceptions import GatewayTimeout, ServiceUnavailable

RETRY_AFTER = 1  # second


class Admission:
    """At most `limit` photos inside at once, of which `slots` are worked on.

    The next photo is refused at once; one that waits longer than `patience`
    seconds for a model is refused then.

    Args:
      refused: told the reason, "busy" or "late", of each refusal.
    """

    def __init__(
        self,
        limit: int,
        *,
        slots: int,
        patience: float,
        refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.patience = patience
        self._refused = refused
        self._places = Semaphore(limit)
        self._slots = Semaphore(slots)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place inside for one photo."""
        if not self._places.acquire(blocking=False):
            self._refused("busy")
            raise ServiceUnavailable(
                "too many photos at once: send this one again in a second",
                retry_after=RETRY_AFTER,
            )
        with _given_back(self._places):
            yield

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A turn for one photo, decoded and asked about; it bounds the memory too."""
        if not self._slots.acquire(timeout=self.patience):
            self._refused("late")
            raise GatewayTimeout(
                f"the model had no time for this photo in {self.patience:g} s: "
                "send it again later"
            )
        with _given_back(self._slots):
            yield


@contextmanager
def _given_back(semaphore: Semaphore) -> Iterator[None]:
    try:
        yield
    finally:
        semaphore.release()
