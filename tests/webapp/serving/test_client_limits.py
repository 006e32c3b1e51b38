"""Clients that are slow, that leave, or that are many: real sockets, short limits."""

import contextlib
import json
import socket
import struct
import time
from http.client import HTTPConnection

import pytest

from tests.webapp.slow_app import connected, everything, send_and_wait, slow
from webapp.serving import client_limits
from webapp.serving.client_limits import RATE, ClientClock, Phase

pytestmark = pytest.mark.slow

SECONDS = 0.6
CONNECTIONS = 40
OTHER = {Phase.IDLE: 75, Phase.DROPPING: 5}  # seconds
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
GET = b"GET /used HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
WAIT = b"POST /wait/0.2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    """The process of a server with short limits, and its port."""
    limits = {"client_seconds": SECONDS, "connections": CONNECTIONS}
    more = {"limit": 30, "log": True, "max_body": 50_000}
    with slow(server=limits | more) as started:
        yield started


@pytest.fixture
def sock(server):
    with connected(server[1]) as sock:
        yield sock


def trickle(sock: socket.socket, data: bytes) -> bytes:
    """Send a byte a tenth of a second until the server answers; its whole answer."""
    sock.settimeout(0.1)
    for number in range(60):
        with contextlib.suppress(TimeoutError):
            start = sock.recv(10_000)
            sock.settimeout(10)
            return start + everything(sock)
        sock.sendall(data[number : number + 1])
    raise AssertionError("the server waits for ever")


def test_a_slow_head_is_evicted_though_it_never_pauses(server, sock):
    answer = trickle(sock, HEAD + b"X: " + bytes(100).replace(b"\0", b"x"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ") or head.startswith(b"HTTP/1.0 408 ")
    assert b"application/problem+json" in head
    assert "to send the head of a request" in json.loads(body)["detail"]


def test_a_slow_body_is_evicted_though_it_never_pauses(server, sock):
    sock.sendall(HEAD + b"\r\n")
    answer = trickle(sock, bytes(500))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"less than 10,000 bytes a second" in answer


def test_evictions_are_in_the_access_log(server, sock):
    sock.sendall(HEAD)
    everything(sock)
    assert " 408 The client took longer than 0.6 s to send" in server[0].messages()


def test_a_body_that_is_fast_enough_may_take_longer(server, sock):
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n")
    for _ in range(8):
        sock.sendall(bytes(5000))
        time.sleep(0.15)
    assert sock.recv(12) == b"HTTP/1.1 200"


def test_who_does_not_read_the_answer_is_evicted(server, sock):
    sock.sendall(b"GET /long/20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(3 * SECONDS)
    assert "a client was too slow to read an answer" in server[0].messages()
    assert len(everything(sock)) < 20_000_000


def test_an_answer_waits_for_a_client_that_half_closed(sock):
    sock.sendall(WAIT)
    sock.shutdown(socket.SHUT_WR)
    assert everything(sock).endswith(b"\r\n\r\nanswered")


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_half_closed_clients_that_wait_for_others_are_answered(server, version):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server[1])) for _ in range(6)]
        for sock in socks:
            sock.sendall(WAIT.replace(b"1.1", version))
            sock.shutdown(socket.SHUT_WR)
        assert all(everything(sock).endswith(b"answered") for sock in socks)


@pytest.fixture
def quiet(server):
    """The process and port, once all that it printed is read."""
    process, port = server
    with connected(port) as sock:
        sock.sendall(WAIT.replace(b"/wait/0.2", b"/wait/0.0417"))
        everything(sock)
    while not process._lines.empty():
        process.line()
    return server


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_nothing_is_computed_for_who_has_left(quiet, reset):
    process, port = quiet
    with connected(port) as first, connected(port) as second:
        for sock in (first, second):
            send_and_wait(sock, WAIT, process)
        gone = connected(port)
        gone.sendall(WAIT)
        time.sleep(0.05)
        if reset:
            linger = struct.pack("ii", 1, 0)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        gone.close()
        assert everything(first).endswith(b"answered")
        assert everything(second).endswith(b"answered")
    with connected(port) as last:
        send_and_wait(last, WAIT, process)  # the next line is this one's
        assert process._lines.empty()
        assert everything(last).endswith(b"answered")


def test_idle_connections_make_room_for_new_ones(server):
    with contextlib.ExitStack() as stack:
        for _ in range(4 * CONNECTIONS):
            stack.enter_context(connected(server[1]))
        with connected(server[1]) as sock:
            sock.settimeout(2)
            sock.sendall(GET)
            assert everything(sock).startswith(b"HTTP/1.1 200 ")


def test_slow_clients_make_room_for_new_ones(server):
    with contextlib.ExitStack() as stack:
        for _ in range(2 * CONNECTIONS):
            slow_one = stack.enter_context(connected(server[1]))
            slow_one.sendall(HEAD[:20])
        with connected(server[1]) as sock:
            sock.settimeout(5)
            sock.sendall(GET)
            assert everything(sock).startswith(b"HTTP/1.1 200 ")


def test_a_connection_in_use_is_not_closed_for_others(server):
    client = HTTPConnection("127.0.0.1", server[1], timeout=10)
    with contextlib.ExitStack() as stack, contextlib.closing(client):
        for _ in range(3 * CONNECTIONS):
            stack.enter_context(connected(server[1]))
            client.request("GET", "/used")
            assert client.getresponse().read() == b"0"


@pytest.fixture
def clock(monkeypatch):
    """A clock of a client, and what moves the time."""
    now = [100.0]
    monkeypatch.setattr(client_limits, "monotonic", lambda: now[0])
    clock = ClientClock()

    def later(seconds: float, *noted) -> bool:
        now[0] += seconds
        if noted:
            clock.note(*noted)
        return clock.is_overdue(20, 75)

    return later


@pytest.mark.parametrize(
    ("phase", "seconds"),
    [(phase, OTHER.get(phase, 20)) for phase in Phase if phase is not Phase.WAITING],
)
def test_each_phase_has_its_time(clock, phase, seconds):
    request = object()
    assert not clock(0, phase, request)
    assert not clock(seconds - 0.5, phase, request)
    assert clock(1, phase, request)


def test_who_waits_is_never_overdue(clock):
    assert not clock(0, Phase.WAITING, None)
    assert not clock(10_000)


def test_bytes_that_come_do_not_lengthen_a_head(clock):
    request = object()
    assert not any(clock(1, Phase.HEAD, request, 100) for _ in range(21))
    assert clock(1, Phase.HEAD, request, 100)


def test_a_request_that_follows_has_a_time_of_its_own(clock):
    assert not any(clock(15, Phase.HEAD, object(), 10) for _ in range(5))


@pytest.mark.parametrize(("share", "is_late"), [(0.8, True), (1.01, False)])
def test_a_body_needs_a_rate(clock, share, is_late):
    request = object()
    count = int(share * RATE)
    late = [clock(1, Phase.BODY, request, count) for _ in range(300)]
    assert any(late) is is_late
