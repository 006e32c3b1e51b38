"""Parses one connection's HTTP more strictly than waitress, with bodies in memory.

The classes extend undocumented ones of waitress: requirements.txt pins it, and
tests/webapp/serving/test_server.py fails when they change.
"""

import json
from http import HTTPStatus
from io import BytesIO

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.task import ErrorTask, WSGITask

from webapp.security import HEADERS
from webapp.serving import access_log, admission

SENTENCES = {
    400: "This is not valid HTTP ({}): send the request again with another client.",
    413: "The request is far too large: send a smaller copy of the photo.",
    431: "The headers are too large: send fewer or shorter ones.",
    501: "This Transfer-Encoding is not supported: send a Content-Length instead.",
}
MISTAKE = "This is our mistake, not yours: send the request again later."


class BodyBuffer:
    """A request body in memory, as the pieces that arrived; they are joined once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def append(self, data: bytes) -> None:
        self._pieces.append(data)

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def getfile(self) -> BytesIO:
        """The whole body; its `read` does not copy the bytes."""
        self._pieces = [b"".join(self._pieces)]
        return BytesIO(self._pieces[0])

    def close(self) -> None:
        self._pieces = []


class DiscardedBody(BodyBuffer):
    """A body that is read, so that the client gets the answer, but not kept."""

    def append(self, data: bytes) -> None:
        """Drop the data."""


class Parser(HTTPRequestParser):
    """Refuses ambiguous framing; discards bodies that the app will refuse."""

    content_length: int
    expect_continue: bool

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if "TRANSFER_ENCODING" in self.headers:  # waitress takes it out of HTTP/1.1
            raise ParsingError("a Transfer-Encoding is not for HTTP/1.0")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("a Transfer-Encoding and a Content-Length together")
        if self.chunked:
            self.headers["TRANSFER_ENCODING"] = "chunked"  # the app answers 411
            self._discard(ChunkedReceiver(DiscardedBody()))
        elif self.content_length >= self.adj.inbuf_overflow:  # the app answers 413
            self._discard(FixedStreamReceiver(self.content_length, DiscardedBody()))
        elif self.content_length:
            self.body_rcv = FixedStreamReceiver(self.content_length, BodyBuffer())

    def _discard(self, receiver: ChunkedReceiver | FixedStreamReceiver) -> None:
        self.body_rcv = receiver
        if self.expect_continue:  # answered with the error, not with 100 Continue
            self.expect_continue = False
            self.headers["CONNECTION"] = "close"
            self.content_length = 0
            self.body_rcv = None


class Task(WSGITask):
    """Passes the time of arrival and the admission to the app, in its environment.

    While the server drains, each answer closes its connection.
    """

    def get_environment(self) -> dict:
        environ = super().get_environment()
        environ[admission.ARRIVED] = self.request.arrived
        environ[admission.TOO_MANY] = self.request.too_many
        return environ

    def build_response_header(self) -> bytes:
        self.request.leave()
        if self.channel.server.draining:
            self.set_close_on_finish()
        return super().build_response_header()


class RefusalTask(ErrorTask):
    """Answers what the parser refuses, as `application/problem+json`."""

    def execute(self) -> None:
        error = self.request.error
        title = HTTPStatus(error.code).phrase
        problem = {
            "type": "about:blank",
            "title": title,
            "status": error.code,
            "detail": SENTENCES.get(error.code, MISTAKE).format(error.body),
        }
        body = json.dumps(problem).encode()
        request_id = access_log.new_id()
        access_log.log_request(request_id, status=error.code, refused=error.body)
        self.status = f"{error.code} {title}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.response_headers.append((access_log.ID, request_id))
        self.response_headers.extend(HEADERS.items())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection that uses the classes above."""

    parser_class = Parser
    task_class = Task
    error_task_class = RefusalTask
