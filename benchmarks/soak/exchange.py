"""One HTTP/1.1 connection over a plain socket, which costs little of the CPU."""

import socket
from contextlib import suppress
from typing import NamedTuple

HOST = "127.0.0.1"  # the soak test sends to no other
TIMEOUT = 60  # seconds for an answer


class Answer(NamedTuple):
    """A status, the head of the answer in lower case, and its body."""

    status: int
    head: bytes
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection after it."""
        return b"\r\nconnection: close" in self.head


class Connection:
    """A connection that is opened when a request is sent, and kept if it may be."""

    def __init__(self, port: int, *, keeps: bool) -> None:
        self._port, self._keeps = port, keeps
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its answer.

        Raises:
          OSError: the connection broke, or no answer came within TIMEOUT seconds.
        """
        opened = self.open()
        try:
            answer = _exchanged(opened, request)
        except OSError:
            self.close()
            raise
        if answer.closes or not self._keeps:
            self.close()
        return answer

    def open(self) -> socket.socket:
        """The connected socket."""
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def get(path: str, *headers: str) -> bytes:
    """A GET request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A POST request with that body."""
    length = f"Content-Length: {len(body)}"
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", length, *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _exchanged(opened: socket.socket, request: bytes) -> Answer:
    with suppress(BrokenPipeError):  # refused before its end: the answer is there
        opened.sendall(request)
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(opened)
    head = bytes(received[:end]).lower()
    body = received[end + 4 :]
    length = _length(head)
    while length is not None and len(body) < length:
        body += _some(opened)
    return Answer(int(head[9:12]), head, bytes(body))


def _some(opened: socket.socket) -> bytes:
    data = opened.recv(262_144)
    if not data:
        raise ConnectionError("the server closed the connection without an answer")
    return data


def _length(head: bytes) -> int | None:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else None
