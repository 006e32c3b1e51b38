"""One connection: its requests in order, its client's clock, and who has left.

The class extends an undocumented one of waitress: requirements.txt pins it, and
tests/webapp/serving/test_server.py fails when it changes.
"""

import select
import socket
from contextlib import suppress

from waitress.channel import HTTPChannel
from waitress.utilities import Error

from webapp.serving.client_limits import ClientClock, Phase
from webapp.serving.request_parser import Parser
from webapp.serving.tasks import Task, error_task

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BROKEN = select.POLLERR | select.POLLHUP


class Channel(HTTPChannel):
    """A connection that reads with Parser, answers with Task and times its client.

    After a refusal its input is read and dropped until the client closes: closing with
    unread input would reset the connection, and the client might lose the answer.
    """

    parser_class = Parser
    task_class = Task
    error_task_class = staticmethod(error_task)
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
