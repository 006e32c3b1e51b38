"""One connection's HTTP, stricter than waitress's own and never on the disk.

It extends undocumented classes: requirements.txt pins waitress, and
tests/test_server.py notices when they change.
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
    """A body in memory, in the pieces that arrived; they are joined once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def append(self, data: bytes) -> None:
        self._pieces.append(data)

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def getfile(self) -> BytesIO:
        """The whole; its `read` gives the bytes away as they are."""
        self._pieces = [b"".join(self._pieces)]
        return BytesIO(self._pieces[0])

    def close(self) -> None:
        self._pieces = []


class Discarded(BodyBuffer):
    """A body that is read to its end, so that the client hears why, and forgotten."""

    def append(self, data: bytes) -> None:
        """Keeps nothing."""


class Parser(HTTPRequestParser):
    """Refuses what could be read in two ways; keeps no body the app will not read."""

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
            self._discard(ChunkedReceiver(Discarded()))
        elif self.content_length >= self.adj.inbuf_overflow:  # the app answers 413
            self._discard(FixedStreamReceiver(self.content_length, Discarded()))
        elif self.content_length:
            self.body_rcv = FixedStreamReceiver(self.content_length, BodyBuffer())

    def _discard(self, receiver: ChunkedReceiver | FixedStreamReceiver) -> None:
        self.body_rcv = receiver
        if self.expect_continue:  # the client asks before it sends: it need not
            self.expect_continue = False
            self.headers["CONNECTION"] = "close"
            self.content_length = 0
            self.body_rcv = None


class Answer(WSGITask):
    """Tells the app what the server knows of the request.

    While the server drains, each answer is the last on its connection.
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


class Refusal(ErrorTask):
    """What waitress refuses before the app sees it, as `application/problem+json`."""

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
    task_class = Answer
    error_task_class = Refusal
