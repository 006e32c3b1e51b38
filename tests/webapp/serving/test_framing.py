"""Requests that a proxy and this server could read differently, each refused once."""

import json
import re
import time

import pytest

from tests.webapp.running_app import running
from tests.webapp.slow_app import connected, everything

ECHO = """
from flask import Flask, request
from webapp.serving.listener import bind
from webapp.serving.scheduler import Scheduler
from webapp.serving.server import Server

app = Flask("echo")

@app.route("/echo", methods=["GET", "POST"])
def echo():
    return {"method": request.method, "body": request.get_data().decode("latin-1")}

server = Server(app, bind("127.0.0.1", 0), scheduler=Scheduler(limit=9), max_body=1000)
print("Serving echo at", server.url, flush=True)
server.run()
"""
SMUGGLED = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"


def head(*headers: str, first: str = "POST /echo HTTP/1.1") -> bytes:
    return "\r\n".join([first, *headers, "", ""]).encode("latin-1")


def chunked(*headers: str, coding: str = "chunked") -> bytes:
    return head("Host: x", f"Transfer-Encoding: {coding}", *headers)


def of_length(length: str, *more: str) -> bytes:
    return head("Host: x", f"Content-Length: {length}", *more) + b"hello"


ANSWER = re.compile(rb"HTTP/1\.[01] (?=\d{3} )")
LAST = b"0\r\n\r\n"
GET = "GET /echo HTTP/1.1"
REFUSED = {
    "CL and TE": of_length("5", "Transfer-Encoding: chunked"),
    "TE and CL": chunked("Content-Length: 5") + LAST,
    "CL and TE, smuggling": chunked("Content-Length: 6") + LAST + SMUGGLED,
    "two lengths that differ": of_length("5", "Content-Length: 6"),
    "two lengths that are equal": of_length("5", "Content-Length: 5"),
    "a list of lengths": of_length("5, 5"),
    "a list without a space": of_length("5,5"),
    "a signed length": of_length("+5"),
    "a negative length": of_length("-1"),
    "a hexadecimal length": of_length("0x5"),
    "a length with a space": of_length("5 5"),
    "a length with a fraction": of_length("5.0"),
    "no digits": of_length(""),
    "a length of 5,000 digits": of_length("9" * 5000),
    "a length with an underscore": head("Host: x", "Content_Length: 5") + b"hello",
    "TE identity": chunked(coding="identity"),
    "TE gzip": chunked(coding="gzip") + LAST,
    "TE gzip, chunked": chunked(coding="gzip, chunked") + LAST,
    "TE chunked, identity": chunked(coding="chunked, identity") + LAST,
    "TE chunked twice": chunked(coding="chunked, chunked") + LAST,
    "two TE headers": chunked("Transfer-Encoding: chunked") + LAST,
    "TE xchunked": chunked(coding="xchunked") + LAST,
    "TE with a parameter": chunked(coding="chunked;q=1") + LAST,
    "TE after a vertical tab": chunked(coding="\x0bchunked") + LAST,
    "TE empty": chunked(coding="") + LAST,
    "TE with an underscore": head("Host: x", "Transfer_Encoding: chunked") + LAST,
    "TE in HTTP/1.0": head("Transfer-Encoding: chunked", first="POST /echo HTTP/1.0"),
    "a space before the colon": head("Host: x", "Content-Length : 5") + b"hello",
    "a tab before the colon": head("Host: x", "Transfer-Encoding\t: chunked") + LAST,
    "a folded header": head("Host: x", "X: a", " b", first=GET),
    "a folded length": head("Host: x", "Content-Length:", " 5") + b"hello",
    "no Host": head(first=GET),
    "two Hosts": head("Host: x", "Host: y", first=GET),
    "two equal Hosts": head("Host: x", "Host: x", first=GET),
    "a Host with a comma": head("Host: x, y", first=GET),
    "a Host with a user": head("Host: a@x", first=GET),
    "another host in the address": head("Host: x", first="GET http://y/echo HTTP/1.1"),
    "LF alone": head("Host: x", first=GET).replace(b"\r\n", b"\n"),
    "LF in one line": head("Host: x\nX: y", first=GET),
    "CR alone": head("Host: x\rX: y", first=GET),
    "NUL in a header": head("Host: x", "X: a\0b", first=GET),
    "a header without a colon": head("Host: x", "nonsense", first=GET),
    "a header without a name": head("Host: x", ": 5", first=GET),
    "two spaces": head("Host: x", first="GET  /echo HTTP/1.1"),
    "a space in the address": head("Host: x", first="GET /echo /x HTTP/1.1"),
    "a space at the end": head("Host: x", first=GET + " "),
    "no version": head("Host: x", first="GET /echo"),
    "HTTP/2.0": head("Host: x", first="GET /echo HTTP/2.0"),
    "HTTP/1.10": head("Host: x", first="GET /echo HTTP/1.10"),
    "a small method": head("Host: x", first="get /echo HTTP/1.1"),
    "a fragment": head("Host: x", first="GET /echo#a HTTP/1.1"),
    "no path": head("Host: x", first="GET echo HTTP/1.1"),
    "CONNECT": head("Host: x", first="CONNECT x:80 HTTP/1.1"),
    "a space first": b" " + SMUGGLED,
    "100,000 empty lines first": b"\r\n" * 100_000 + SMUGGLED,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01",
    "a chunk size of letters": chunked() + b"xyz\r\n",
    "a chunk size with 0x": chunked() + b"0x5\r\nhello\r\n" + LAST,
    "a signed chunk size": chunked() + b"+5\r\nhello\r\n" + LAST,
    "a chunk size with a space": chunked() + b"5 \r\nhello\r\n" + LAST,
    "a chunk extension": chunked() + b"5;a=b\r\nhello\r\n" + LAST,
    "a chunk with LF": chunked() + b"5\nhello\n0\n\n",
    "a chunk that is longer": chunked() + b"5\r\nhello, world\r\n" + LAST + SMUGGLED,
    "a trailer": chunked() + b"0\r\nHost: y\r\n\r\n" + SMUGGLED,
    "a chunk of 4 GB": chunked() + b"FFFFFFFF\r\nhello",
}


@pytest.fixture(scope="module")
def port():
    with running("-c", ECHO) as process:
        yield process.port()


def answers(port: int, request: bytes, *more: bytes) -> list[bytes]:
    """Everything that the server answers until it closes, split at each answer."""
    with connected(port) as sock:
        sock.sendall(request)
        for part in more:
            time.sleep(0.05)
            sock.sendall(part)
        return ANSWER.split(everything(sock))[1:]


def status(answer: bytes) -> int:
    return int(answer[:3])


def body(answer: bytes) -> dict:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("name", REFUSED)
def test_an_ambiguous_request_is_refused_once_and_the_connection_closed(port, name):
    (answer,) = answers(port, REFUSED[name] + SMUGGLED)
    assert 400 <= status(answer) < 500
    assert b"Connection: close" in answer
    assert body(answer)["detail"].endswith(".")


def test_the_table_has_at_least_forty_requests():
    assert len(REFUSED) >= 40


def test_a_request_that_comes_after_a_refusal_is_not_answered(port):
    (answer,) = answers(port, REFUSED["two Hosts"], SMUGGLED)
    assert status(answer) == 400


@pytest.mark.parametrize(
    ("garbage", "second"), [(b"GARBAGE\r\n\r\n", 400), (b"0\r\n\r\n", 400)]
)
def test_garbage_after_a_body_is_a_request_of_its_own(port, garbage, second):
    found = answers(port, of_length("5") + garbage + SMUGGLED)
    assert [status(answer) for answer in found] == [200, second]


CLOSE = "Connection: close"
ACCEPTED = {
    "a length": (of_length("5", CLOSE), "hello"),
    "a length and no body": (head("Host: x", "Content-Length: 0", CLOSE), ""),
    "neither": (head("Host: x", CLOSE), ""),
    "chunks": (chunked(CLOSE) + b"5\r\nhello\r\n" + LAST, "hello"),
    "chunks, in capitals": (chunked(CLOSE, coding="CHUNKED") + LAST, ""),
    "HTTP/1.0 without a Host": (head(first="POST /echo HTTP/1.0"), ""),
    "an IPv6 host": (head("Host: [::1]:5000", CLOSE), ""),
    "an underscore in the host": (head("Host: my_app:5000", CLOSE), ""),
    "an empty host": (head("Host:", CLOSE), ""),
    "the whole address": (
        head("Host: x", CLOSE, first="POST http://x/echo HTTP/1.1"),
        "",
    ),
    "an empty line before": (b"\r\n" + head("Host: x", CLOSE), ""),
    "a header in Latin-1": (head("Host: x", "X: caf\xe9", CLOSE), ""),
    "an odd name with underscores": (head("Host: x", "X_Y: a", CLOSE), ""),
    "the most that is kept": (
        chunked(CLOSE) + b"3E8\r\n" + b"a" * 1000 + b"\r\n" + LAST,
        "a" * 1000,
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_clear_request_is_answered(port, name):
    request, sent = ACCEPTED[name]
    (answer,) = answers(port, request)
    assert (status(answer), body(answer)) == (200, {"method": "POST", "body": sent})


def test_a_chunked_body_over_the_limit_is_refused_before_it_ends(port):
    (answer,) = answers(port, chunked() + b"3E8\r\n" + b"a" * 1000 + b"\r\n1\r\n")
    assert status(answer) == 413


def test_a_client_that_goes_on_sending_gets_the_refusal(port):
    more = [b"FFFF\r\n" + bytes(0xFFFF) + b"\r\n"] * 20
    (answer,) = answers(port, chunked(), *more[:2], b"".join(more))
    assert status(answer) == 413


def test_a_connection_serves_chunked_requests_one_after_another(port):
    one = chunked() + b"5\r\nhello\r\n" + LAST
    found = answers(port, one + one, chunked(CLOSE) + LAST)
    assert [body(answer)["body"] for answer in found] == ["hello", "hello", ""]


def test_a_chunked_body_waits_for_100_continue(port):
    with connected(port) as sock:
        sock.sendall(chunked("Expect: 100-continue", CLOSE))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"2\r\nok\r\n" + LAST)
        assert body(everything(sock))["body"] == "ok"
