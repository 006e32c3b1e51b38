"""A request that waits for the model, or is being answered in a thread."""

import logging
import re
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from time import perf_counter
from urllib.parse import parse_qs, unquote

from waitress.utilities import Error

from webapp.serving import access_log

log = logging.getLogger(__name__)
IN_PATH = re.compile(r"/v[12]/models/([^/:]+)")
CLIENT_LEFT = 499  # the status in the log, as nginx has it


class Overdue(Error):
    """Answers 504: the request was not answered in time."""

    code, reason = 504, "Gateway Timeout"


class PendingRequest:
    """The first request of a connection; in flight until its answer begins.

    The client may then send its next photo, which must not be refused. Nothing is
    computed for a client that has left. Either the request's thread answers or
    `give_up` does: whichever claims the answer first.
    """

    def __init__(self, channel, leave: Callable[[], None]) -> None:
        self._channel, self._leave, self._claim = channel, leave, Lock()
        request = channel.requests[0]
        request.leave, request.claim = self.leave, self.claim
        self.arrived: float = request.arrived
        self.path, self._query = request.path, request.query

    @cached_property
    def model(self) -> str:
        """The model that the address names; "" if it names none."""
        if found := IN_PATH.search(self.path):
            return unquote(found[1])
        return parse_qs(self._query).get("model", [""])[0]

    def claim(self) -> bool:
        """Whether the caller is the one that answers; True once."""
        return self._claim.acquire(blocking=False)

    def leave(self) -> None:
        """Stop counting the request; further calls have no effect."""
        self._leave()
        self._leave = lambda: None

    def answer(self) -> None:
        """Answer; an error is logged and the connection closed."""
        try:
            if self._channel.has_left():  # waitress does not look any more
                self._drop()
            else:
                self._channel.service()
        except Exception:
            log.exception("this request could not be answered")
            self._channel.cancel()
        finally:
            self.leave()

    def give_up(self, sentence: str) -> bool:
        """Answer 504 while its thread goes on; whether it was not answered before."""
        if not self.claim():
            return False
        self.leave()
        self._channel.refuse(Overdue(sentence))
        return True

    def waited(self) -> float:
        """The seconds since the request arrived."""
        return perf_counter() - self.arrived

    def _drop(self) -> None:
        request = self._channel.requests[0]
        fields = {"method": request.command, "path": request.path}
        access_log.log_request(access_log.new_id(), **fields, status=CLIENT_LEFT)
        self._channel.cancel()
