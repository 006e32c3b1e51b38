"""The wall clock jumps: no connection is closed for it, and none is kept.

The process is that of slow_app.py, whose `time.time` two signals move by a day.
"""

import signal
import time

import pytest

from tests.webapp.running_app import running
from tests.webapp.slow_app import SLOW, connected, everything

pytestmark = pytest.mark.slow

JUMPING = """
import signal, time
real, jump = time.time, [0.0]
time.time = lambda: real() + jump[0]
def forward(*_): jump[0] += 86400
def back(*_): jump[0] -= 86400
signal.signal(signal.SIGUSR1, forward)
signal.signal(signal.SIGUSR2, back)
"""
REQUEST = b"GET /wait/0.0 HTTP/1.1\r\nHost: x\r\n\r\n"


def jumping(keep_alive: float):
    return running("-c", JUMPING + SLOW, "20", str(keep_alive), "127.0.0.1")


def answered(sock, request: bytes = REQUEST) -> bool:
    sock.sendall(request)
    answer = b""
    while not answer.endswith(b"answered") and (more := sock.recv(4096)):
        answer += more
    return answer.startswith(b"HTTP/1.1 200 ")


def test_a_clock_put_forward_closes_no_connection():
    with jumping(keep_alive=60) as process:
        port = process.port()
        with connected(port) as kept, connected(port) as half, connected(port) as new:
            assert answered(kept)
            half.sendall(REQUEST[:20])
            time.sleep(0.2)
            process.popen.send_signal(signal.SIGUSR1)
            time.sleep(1.5)  # the loop has looked for idle connections
            assert answered(new)
            assert answered(kept)
            assert answered(half, REQUEST[20:])


def test_a_clock_put_back_keeps_no_idle_connection():
    with jumping(keep_alive=1) as process, connected(process.port()) as kept:
        assert answered(kept)
        process.popen.send_signal(signal.SIGUSR2)
        start = time.monotonic()
        assert everything(kept) == b""  # closed
        assert 0.5 < time.monotonic() - start < 5
