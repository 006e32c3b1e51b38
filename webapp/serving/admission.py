"""Admission control: a photo above the limit gets 503, one that waited too long 504.

scheduler.py counts and queues the photos; here the app answers those it refuses.
"""

from collections.abc import Callable
from time import perf_counter

from flask import request
from werkzeug.exceptions import GatewayTimeout, ServiceUnavailable

ARRIVED, TOO_MANY = "webapp.arrived", "webapp.too_many"  # in the WSGI environment
RETRY_AFTER = 1  # second


class Admission:
    """Refuses a photo where too many were in flight, or that has waited too long.

    Args:
      patience: seconds that a photo may have waited.
      refused: told the reason, "busy" or "late", of each refusal.
    """

    def __init__(self, patience: float, refused: Callable[[str], None]) -> None:
        self.patience, self._refused = patience, refused

    def arrived(self) -> float:
        """When this request's photo came, on the clock of `perf_counter`.

        Raises:
          ServiceUnavailable, GatewayTimeout: it is refused.
        """
        now = perf_counter()
        came = request.environ.get(ARRIVED, now)  # another server does not say
        if request.environ.get(TOO_MANY):
            self._refused("busy")
            raise ServiceUnavailable(
                "too many photos at once: send this one again in a second",
                retry_after=RETRY_AFTER,
            )
        if now - came > self.patience:
            self._refused("late")
            raise GatewayTimeout(
                f"the model had no time for this photo in {self.patience:g} s: "
                "send it again later"
            )
        return came
