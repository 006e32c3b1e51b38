"""Admission control: 503 for a photo above the limit, 504 after too long a wait.

scheduler.py counts and queues the photos, and answers programs above the limit and
requests that wait too long; here the app refuses the rest, such as a page's form.
"""

from collections.abc import Callable
from time import perf_counter

from flask import request
from werkzeug.exceptions import GatewayTimeout, ServiceUnavailable

ARRIVED, TOO_MANY = "webapp.arrived", "webapp.too_many"  # in the WSGI environment
RETRY_AFTER = 1  # second


class Admission:
    """Refuses photos that arrived above the limit or have waited too long.

    Args:
      patience: seconds that a photo may wait.
      refused: called with the reason, "busy" or "late", at each refusal.
    """

    def __init__(self, patience: float, refused: Callable[[str], None]) -> None:
        self.patience, self._refused = patience, refused

    def arrived(self) -> float:
        """The time of arrival of this request, by `perf_counter`.

        Raises:
          ServiceUnavailable, GatewayTimeout: the photo is refused.
        """
        now = perf_counter()
        arrived = request.environ.get(ARRIVED, now)  # not set by other servers
        if request.environ.get(TOO_MANY):
            self._refused("busy")
            raise ServiceUnavailable(
                "too many photos at once: send this one again in a second",
                retry_after=RETRY_AFTER,
            )
        if now - arrived > self.patience:
            self._refused("late")
            raise GatewayTimeout(
                f"the model had no time for this photo in {self.patience:g} s: "
                "send it again later"
            )
        return arrived
