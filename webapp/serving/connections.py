"""Parses one connection's HTTP more strictly than waitress, with bodies in memory.

The classes extend undocumented ones of waitress: requirements.txt pins it, and
tests/webapp/serving/test_server.py fails when they change.
"""

import select
import socket
from contextlib import suppress
from http import HTTPStatus

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, Error

from webapp.security import HEADERS
from webapp.serving import access_log, admission, body_budget
from webapp.serving.body_budget import BodyShare
from webapp.serving.body_buffers import DiscardedBody, LengthReceiver
from webapp.serving.busy_answers import BusyTask, TooMany, problem
from webapp.serving.chunked_bodies import ChunkReceiver
from webapp.serving.client_limits import ClientClock, Phase
from webapp.serving.framing import check_head, check_start

SENTENCES = {
    400: "This is not valid HTTP ({}): send the request again with another client.",
    408: "{}",
    413: "The request is far too large: send a smaller copy of the photo.",
    431: "The headers are too large: send fewer or shorter ones.",
    503: "{}",
    504: "{}",
}
UNREAD = 64_000_000  # bytes after a refusal that are read and dropped, at most
MISTAKE = "This is our mistake, not yours: send the request again later."
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BROKEN = select.POLLERR | select.POLLHUP


class Parser(HTTPRequestParser):
    """Refuses ambiguous framing; discards bodies that the app will refuse.

    The body takes its share of the budget of `adj.body_budget`.
    """

    content_length: int
    completed: bool
    expect_continue: bool
    body_rcv: ChunkReceiver | LengthReceiver | FixedStreamReceiver | None

    def __init__(self, adj) -> None:
        super().__init__(adj)
        self.share = BodyShare(adj.body_budget)

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
            self.body_rcv = ChunkReceiver(self.adj.inbuf_overflow - 1, self.share)
        elif self.content_length >= self.adj.inbuf_overflow:  # the app answers 413
            self._discard()
        elif not self.share.budget.has_room(self.content_length):
            self.error = self.share.budget.refuse()
            self.content_length, self.body_rcv = 0, None
            self.expect_continue = False
        elif self.content_length:
            self.body_rcv = LengthReceiver(self.content_length, self.share)

    def _discard(self) -> None:
        self.body_rcv = FixedStreamReceiver(self.content_length, DiscardedBody())
        if self.expect_continue:  # answered with the error, not with 100 Continue
            self.expect_continue = False
            self.headers["CONNECTION"] = "close"
            self.content_length = 0
            self.body_rcv = None

    def close(self) -> None:
        """Free the body."""
        super().close()
        self.share.release()


class Task(WSGITask):
    """Passes the time of arrival and the admission to the app, in its environment.

    While the server drains, each answer closes its connection.
    """

    def get_environment(self) -> dict:
        environ = super().get_environment()
        environ[admission.ARRIVED] = self.request.arrived
        environ[admission.TOO_MANY] = self.request.too_many
        environ[body_budget.SHARE] = self.request.share
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
        sentence = SENTENCES.get(error.code, MISTAKE).format(error.body)
        body = problem(error.code, sentence)
        request_id = access_log.id_given(self.request.headers.get("X_REQUEST_ID", ""))
        access_log.log_request(request_id, status=error.code, refused=error.body)
        self.status = f"{error.code} {title}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.response_headers.append((access_log.ID, request_id))
        self.response_headers.extend(HEADERS.items())
        if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
            retry_after = str(admission.RETRY_AFTER)
            self.response_headers.append(("Retry-After", retry_after))
        self.set_close_on_finish()
        self.channel.unread = UNREAD
        self.content_length = len(body)
        self.write(body)


def _error_task(channel: HTTPChannel, request: HTTPRequestParser) -> ErrorTask:
    task = BusyTask if isinstance(request.error, TooMany) else RefusalTask
    return task(channel, request)


class Channel(HTTPChannel):
    """A connection that uses the classes above and times its client.

    After a refusal its input is read and dropped until the client closes: closing with
    unread input would reset the connection, and the client might lose the answer.
    """

    parser_class = Parser
    task_class = Task
    error_task_class = staticmethod(_error_task)
    unread = 0  # bytes that are still dropped before the connection is closed
    is_dropping = False
    was_asked = False  # whether the client is there, by a 100 Continue
    request: Parser | None  # which is being received
    close_when_flushed: bool
    requests: list[Parser]
    _answered: Parser | None = None  # whose thread uses the body

    def __init__(self, *given, **named) -> None:
        self.clock = ClientClock()
        super().__init__(*given, **named)

    def received(self, data: bytes) -> bool:
        found = super().received(data)
        self.note(len(data))
        return found

    def handle_read(self) -> None:
        if not self.is_dropping:
            super().handle_read()
            return
        dropped = b""
        with suppress(OSError):  # the connection is broken
            dropped = self.recv(self.adj.recv_bytes)
        self.note(len(dropped))
        self.unread -= len(dropped)
        if not dropped or self.unread <= 0:
            self.handle_close()

    def handle_write(self) -> None:
        if self.unread > 0 and self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed, self.is_dropping = False, True
            self.note()
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            return
        self.note()
        before = self.total_outbufs_len
        super().handle_write()
        self.note(max(0, before - self.total_outbufs_len))

    def handle_close(self) -> None:
        if self.request:
            self.request.close()
        super().handle_close()

    def note(self, count: int = 0) -> None:
        """Note on the clock what the client is waited for, and bytes that moved."""
        self.clock.note(self._phase(), self.request, count)

    def _phase(self) -> Phase:
        if self.is_dropping:
            return Phase.DROPPING
        if self.requests:
            return Phase.WAITING
        if self.total_outbufs_len or self.close_when_flushed:
            return Phase.ANSWER
        if self.request:
            return Phase.BODY if self.request.headers_finished else Phase.HEAD
        return Phase.NEW if self.clock.phase is Phase.NEW else Phase.IDLE

    def service(self) -> None:
        """Answer the first request, and free its body."""
        if not self.requests:  # it was given up just now
            return
        self._answered = request = self.requests[0]
        try:
            super().service()
        finally:
            if self._answered is request:  # another thread may have the next one
                self._answered = None
            request.close()

    def cancel(self) -> None:
        """Answer no request any more, and close the connection."""
        for request in self.requests:
            request.close()
        super().cancel()

    def refuse(self, error: Error) -> None:
        """Answer the first request with an error, while its own thread goes on."""
        self.requests[0].error = error
        self.error_task_class(self, self.requests[0]).service()
        with self.requests_lock:
            dropped, self.requests = self.requests, []
            self.close_when_flushed = True
        for request in dropped:
            if request is not self._answered:
                request.close()
        self.server.pull_trigger()

    def refuse_slow(self, error: Error) -> None:
        """Answer the request that is being received with an error, and close."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None or self.requests:
                return
            request.error, request.completed = error, True
            self.requests = [request]
        self.service()
        self.note()

    def has_left(self) -> bool:
        """Whether the client has closed the connection, or it is broken.

        A client that has closed its sending direction only looks the same as one that
        has left, until something is sent: one that has left resets the connection. So
        100 Continue is sent, which clients of HTTP/1.1 pass over, once; those of
        HTTP/1.0 are taken to be there. At the first look the reset may still be on its
        way, unless the client is on this machine.
        """
        if self.peek() != b"":
            return False
        return self._is_broken() or not self._is_there()

    def _is_there(self) -> bool:
        with self.outbuf_lock:
            first = self.requests[0] if self.requests else None
            if first and first.version == "1.1" and not self.was_asked:
                # An answer may be on its way: nothing is sent between its parts.
                if self._answered or self.total_outbufs_len or self.close_when_flushed:
                    return True
                self.was_asked = True
                sock = self.socket  # the loop may set it to None
                with suppress(OSError):
                    if sock is not None:
                        sock.send(CONTINUE, socket.MSG_DONTWAIT)
        return not self._is_broken()

    def _is_broken(self) -> bool:
        """Whether both directions are closed."""
        look, sock = select.poll(), self.socket
        if sock is None or sock.fileno() < 0:
            return True
        look.register(sock, 0)
        return any(found & BROKEN for _, found in look.poll(0))

    def peek(self) -> bytes | None:
        """The first byte that is not read yet; b"": no more will come; None: none."""
        sock = self.socket  # the loop may set it to None
        try:
            if sock is None:
                return b""
            return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:  # the connection is broken
            return b""
