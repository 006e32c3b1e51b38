"""The answer to photos above the limit, and the log of many such answers."""

import json
from http.client import HTTPResponse
from io import BytesIO
from types import SimpleNamespace

import pytest

from webapp.security import HEADERS
from webapp.serving import busy_answers
from webapp.serving.busy_answers import BusyTask, Refusals, TooMany


class Socket(BytesIO):
    def makefile(self, *mode) -> "Socket":
        return self


def answer(version="1.1", draining=False, **headers) -> HTTPResponse:
    """What a client gets whose photo is above the limit."""
    written = []
    request = SimpleNamespace(version=version, headers=headers, error=TooMany())
    server = SimpleNamespace(draining=draining)
    BusyTask(
        SimpleNamespace(server=server, write_soon=written.append), request
    ).service()
    response = HTTPResponse(Socket(b"".join(written)))
    response.begin()
    return response


def test_it_is_a_problem_with_a_time_to_try_again():
    found = answer()
    assert (found.status, found.reason) == (503, "Service Unavailable")
    assert found.headers["Retry-After"] == "1"
    assert found.headers["Content-Type"] == "application/problem+json"
    assert json.loads(found.read()) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Too many photos at once: send this one again in a second.",
    }


def test_it_has_the_security_headers():
    assert HEADERS.items() <= dict(answer().headers).items()


@pytest.mark.parametrize(
    ("version", "draining", "is_kept"),
    [("1.1", False, True), ("1.1", True, False), ("1.0", False, False)],
)
def test_the_connection_is_kept_while_the_server_serves(version, draining, is_kept):
    assert answer(version, draining).will_close != is_kept


def test_the_id_of_a_proxy_is_taken_over_if_it_is_one():
    assert answer(X_REQUEST_ID="from-nginx").headers["X-Request-ID"] == "from-nginx"
    assert len(answer(X_REQUEST_ID="no id\r\nX: y").headers["X-Request-ID"]) == 16


def test_the_log_has_a_line_a_second_with_their_number(monkeypatch):
    now, lines = [100.0], []
    monkeypatch.setattr(busy_answers, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        busy_answers.access_log,
        "log_request",
        lambda request_id, **fields: lines.append(fields["times"]),
    )
    refusals = Refusals()
    for _ in range(5):
        refusals.add("id")
    now[0] += 1
    refusals.add("id")
    assert lines == [1, 5]
