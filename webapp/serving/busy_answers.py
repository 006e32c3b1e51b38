"""Answers photos above the limit: 503, at a small part of the cost of a photo.

Under overload most requests get this answer, so it is made of bytes that are there
already, and the log has a line a second with their number.
"""

import json
from http import HTTPStatus
from time import monotonic

from waitress.task import ErrorTask
from waitress.utilities import Error

from webapp.security import HEADERS
from webapp.serving import access_log
from webapp.serving.admission import RETRY_AFTER

SENTENCE = "Too many photos at once: send this one again in a second."
STATUS = HTTPStatus.SERVICE_UNAVAILABLE


def problem(code: int, detail: str) -> bytes:
    """The body of an error as `application/problem+json` (RFC 9457)."""
    title = HTTPStatus(code).phrase
    fields = {"type": "about:blank", "title": title, "status": int(code)}
    return json.dumps(fields | {"detail": detail}).encode()


BODY = problem(STATUS, SENTENCE)
FIELDS = HEADERS | {
    "Content-Type": "application/problem+json",
    "Content-Length": str(len(BODY)),
    "Retry-After": str(RETRY_AFTER),
}
HEAD = "".join(f"{name}: {value}\r\n" for name, value in FIELDS.items())
LOG_EVERY = 1  # second


class TooMany(Error):
    """The photo is above the limit; its connection is kept."""

    code, reason = int(STATUS), STATUS.phrase

    def __init__(self) -> None:
        super().__init__(SENTENCE)


def is_of_program(request) -> bool:
    """Whether a photo is sent by a program, which reads `application/problem+json`."""
    headers = request.headers
    wants_page = "html" in headers.get("ACCEPT", "") or "ORIGIN" in headers
    return request.path.endswith("/predict") and not wants_page


class BusyTask(ErrorTask):
    """Answers a request whose error is TooMany."""

    def service(self) -> None:
        given = self.request.headers.get("X_REQUEST_ID", "")
        request_id = access_log.id_given(given)
        if self.request.version == "1.0" or self.channel.server.draining:
            self.close_on_finish = True
        connection = "Connection: close\r\n" if self.close_on_finish else ""
        start = f"HTTP/{self.request.version} {STATUS} {STATUS.phrase}\r\n"
        head = f"{start}{HEAD}{access_log.ID}: {request_id}\r\n{connection}\r\n"
        self.channel.write_soon(head.encode("latin-1") + BODY)
        refusals.add(request_id)


class Refusals:
    """Logs at most one line a second, with how many were refused since the last."""

    def __init__(self) -> None:
        self._count, self._next = 0, 0.0

    def add(self, request_id: str) -> None:
        """Count a refusal, and log it and those before if it is time."""
        self._count += 1
        now = monotonic()
        if now >= self._next:
            fields = {"status": int(STATUS), "refused": SENTENCE, "times": self._count}
            access_log.log_request(request_id, **fields)
            self._count, self._next = 0, now + LOG_EVERY


refusals = Refusals()
