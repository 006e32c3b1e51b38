"""Parses one connection's HTTP more strictly than waitress, with bodies in memory.

The classes extend undocumented ones of waitress: requirements.txt pins it, and
tests/webapp/serving/test_server.py fails when they change.
"""

import json
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, Error

from webapp.security import HEADERS
from webapp.serving import access_log, admission
from webapp.serving.chunked_bodies import ChunkReceiver
from webapp.serving.framing import check_head, check_start

SENTENCES = {
    400: "This is not valid HTTP ({}): send the request again with another client.",
    413: "The request is far too large: send a smaller copy of the photo.",
    431: "The headers are too large: send fewer or shorter ones.",
    504: "{}",
}
UNREAD = 64_000_000  # bytes after a refusal that are read and dropped, at most
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
    completed: bool
    expect_continue: bool
    body_rcv: ChunkReceiver | FixedStreamReceiver | None

    def received(self, data: bytes) -> int:
        """Take the next bytes of the connection; returns how many are this request's.

        What begins like no request is refused at once, not when its head has ended.
        """
        if self.body_rcv is None and not self.completed:
            head = self.header_plus + data
            end = head.find(b"\r\n\r\n")
            try:
                new, end = len(self.header_plus), len(head) if end < 0 else end
                check_start(head, new, end)
            except ParsingError as error:
                self.error, self.completed = BadRequest(str(error)), True
                return len(data)
        return super().received(data)

    def parse_header(self, header_plus: bytes) -> None:
        if self.header_bytes_received < self.adj.max_request_header_size:
            check_head(header_plus.rstrip(b"\r\n"))
        super().parse_header(header_plus)
        if self.chunked:
            self.body_rcv = ChunkReceiver(self.adj.inbuf_overflow - 1)
        elif self.content_length >= self.adj.inbuf_overflow:  # the app answers 413
            self._discard()
        elif self.content_length:
            self.body_rcv = FixedStreamReceiver(self.content_length, BodyBuffer())

    def _discard(self) -> None:
        self.body_rcv = FixedStreamReceiver(self.content_length, DiscardedBody())
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
        if not self.request.claim():  # given up: the connection is being closed
            raise ClientDisconnected
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
        self.channel.unread = UNREAD
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection that uses the classes above.

    After a refusal its input is read and dropped until the client closes: closing with
    unread input would reset the connection, and the client might lose the answer.
    """

    parser_class = Parser
    task_class = Task
    error_task_class = RefusalTask
    unread = 0  # bytes that are still dropped before the connection is closed
    is_dropping = False
    close_when_flushed: bool
    requests: list

    def handle_read(self) -> None:
        if not self.is_dropping:
            super().handle_read()
            return
        dropped = b""
        with suppress(OSError):  # the connection is broken
            dropped = self.recv(self.adj.recv_bytes)
        self.unread -= len(dropped)
        if not dropped or self.unread <= 0:
            self.handle_close()

    def handle_write(self) -> None:
        if self.unread > 0 and self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed, self.is_dropping = False, True
            # As of a new connection: Server closes it after STALLED seconds.
            self.creation_time = self.last_activity = time.time()
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            return
        super().handle_write()

    def refuse(self, error: Error) -> None:
        """Answer the first request with an error, while its own thread goes on."""
        self.requests[0].error = error
        self.error_task_class(self, self.requests[0]).service()
        with self.requests_lock:
            self.close_when_flushed, self.requests = True, []
        self.server.pull_trigger()

    def has_left(self) -> bool:
        """Whether the client has closed the connection, or it is broken."""
        return self.peek() == b""

    def peek(self) -> bytes | None:
        """The first byte that is not read yet; b"": the client has left; None: none."""
        try:
            return self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:  # the connection is broken
            return b""
