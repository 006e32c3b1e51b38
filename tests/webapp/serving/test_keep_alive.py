"""Idle connections: how long they stay, and that no request on one is lost."""

import contextlib
import os
import signal
import socket
import time
from types import SimpleNamespace

import pytest

from tests.webapp.slow_app import connected, everything, slow
from webapp import options
from webapp.serving.connections import Channel

pytestmark = pytest.mark.slow

CONNECTIONS = 60
REQUEST = b"GET /wait/0.0 HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = REQUEST.replace(b"Host", b"Connection: close\r\nHost")
BUSY = b"GET /wait/0.9 HTTP/1.1\r\nHost: x\r\n\r\n"  # the loop reads nothing meanwhile


@pytest.fixture(scope="module")
def server():
    """The process of a server that closes connections early, and its port."""
    with slow(keep_alive=0.6) as started:
        yield started


@pytest.fixture
def idle(server):
    """The process, and connections that have had one answer."""
    process, port = server
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(port)) for _ in range(CONNECTIONS)]
        for sock in socks:
            sock.sendall(REQUEST)
        for sock in socks:
            assert answer(sock).endswith(b"answered")
        yield process, socks


def answer(sock: socket.socket) -> bytes:
    """One answer of the slow app; b"" if the server has closed the connection."""
    received = b""
    while not received.endswith(b"answered"):
        if not (part := sock.recv(4096)):
            break
        received += part
    return received


def test_requests_at_the_end_of_the_idle_time_are_answered(idle):
    _, (busy, *socks) = idle
    busy.sendall(BUSY)
    time.sleep(0.2)
    for sock in socks:
        sock.sendall(REQUEST)
    assert all(answer(sock).endswith(b"answered") for sock in (busy, *socks))


def test_a_connection_is_closed_after_the_idle_time(idle):
    _, (sock, *_) = idle
    sock.settimeout(10)
    assert everything(sock) == b""


def test_requests_that_came_before_the_drain_are_answered(idle):  # ends the server
    process, (busy, *socks) = idle
    busy.sendall(BUSY)
    time.sleep(0.2)
    process.popen.send_signal(signal.SIGTERM)
    for sock in socks:
        sock.sendall(REQUEST)
    answers = [everything(sock) for sock in (busy, *socks)]
    assert all(text.endswith(b"answered") for text in answers)
    assert all(b"Connection: close" in text for text in answers)
    assert process.end() == (0, "")


def test_the_idle_time_is_longer_than_that_of_nginx():
    assert options.KEEP_ALIVE > 60


def test_a_connection_is_looked_at_without_reading():
    ours, theirs = socket.socketpair()
    looked = SimpleNamespace(socket=ours)
    with ours, theirs:
        assert Channel.peek(looked) is None
        theirs.sendall(b"GET")
        assert Channel.peek(looked) == b"G"
        assert ours.recv(3) == b"GET"
        theirs.close()
        assert Channel.peek(looked) == b""


def test_a_photo_of_a_client_that_left_is_not_computed():
    with slow() as (process, port):
        socks = [connected(port) for _ in range(3)]
        for sock in socks:
            sock.sendall(b"POST /wait/0.4 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [process.line(), process.line()] == ["arrived"] * 2  # two threads
        socks[2].close()
        assert answer(socks[0]).endswith(b"answered")
        with connected(port) as sock:
            sock.sendall(LAST.replace(b"GET", b"POST"))
            assert everything(sock).endswith(b"answered")
        assert process.line() == "arrived"  # of the last; the third never
        for sock in socks:
            sock.close()
        os.kill(process.popen.pid, signal.SIGTERM)
        assert process.line() == "stopping"
