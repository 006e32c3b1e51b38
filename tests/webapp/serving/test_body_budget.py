"""The budget of all bodies: what counts, until when, and who is refused."""

import contextlib
import gc
import gzip
import json
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from tests.webapp.slow_app import connected, everything, send_and_wait, slow
from webapp.requests.bodies import unpacked
from webapp.serving import body_budget
from webapp.serving.body_budget import BodyBudget, BodyShare

BUDGET, LONGEST = 100_000, 60_000
PACKED = gzip.compress(bytes(5000))
NUMBERS, COUNTS = st.integers(0, 4), st.integers(0, 60)
STEPS = st.one_of(
    st.tuples(st.just("take"), NUMBERS, COUNTS),
    st.tuples(st.sampled_from(["release", "forget"]), NUMBERS, st.just(0)),
)


@given(st.lists(STEPS, max_size=60))
def test_what_counts_is_what_the_shares_hold(steps):
    budget = BodyBudget(100)
    shares, held = {n: BodyShare(budget) for n in range(5)}, dict.fromkeys(range(5), 0)
    for step, number, count in steps:
        if step == "take":
            fits = sum(held.values()) + count <= 100
            assert shares[number].take(count) is fits
            held[number] += count * fits
        else:
            if step == "release":
                shares[number].release()
            else:
                shares[number] = BodyShare(budget)
            held[number] = 0
        assert budget.used == sum(held.values())
    shares.clear()
    assert budget.used == 0


def test_threads_lose_no_byte():
    budget = BodyBudget(10**9)

    def work():
        for _ in range(2000):
            share = BodyShare(budget)
            share.take(3)
            share.give_back(1)
            del share

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert budget.used == 0


def test_memory_is_given_back_once_after_a_burst(monkeypatch):
    monkeypatch.setattr(body_budget, "BURST", 1000)
    budget = BodyBudget(5000)
    share = BodyShare(budget)
    share.take(1500)
    share.give_back(900)
    assert not budget.trim()
    share.release()
    assert budget.trim()
    assert not budget.trim()


def test_an_unpacked_body_counts_with_its_own_bytes():
    share = BodyShare(BodyBudget(100_000))
    assert unpacked(PACKED, "gzip", 20_000, share) == bytes(5000)
    assert share.budget.used == 5000


def test_a_body_without_room_to_be_unpacked_is_refused():
    refused = []
    share = BodyShare(BodyBudget(9000, refused.append))
    with pytest.raises(ServiceUnavailable, match="oo many bytes") as caught:
        unpacked(PACKED, "gzip", 20_000, share)
    assert ("Retry-After", "1") in caught.value.get_headers()
    assert (refused, share.budget.used) == (["bodies"], 0)


def test_a_damaged_body_gives_its_room_back():
    share = BodyShare(BodyBudget(100_000))
    with pytest.raises(BadRequest):
        unpacked(PACKED[:-9], "gzip", 20_000, share)
    share.release()
    assert share.budget.used == 0


# The running server


@pytest.fixture(scope="module")
def server():
    """The process of a server with a small budget, and its port."""
    settings = {"bodies": BUDGET, "max_body": LONGEST, "client_seconds": 1}
    with slow(server=settings) as started:
        yield started


def upload(length: int, path: str = "/echo") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def used(port: int) -> int:
    with connected(port) as sock:
        sock.sendall(b"GET /used HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return int(everything(sock).rpartition(b"\r\n")[2])


def wait_until_used(port: int, count: int) -> None:
    end = time.monotonic() + 5
    while (found := used(port)) != count:
        assert time.monotonic() < end, f"{found} bytes count instead of {count}"
        time.sleep(0.02)


@pytest.fixture
def filled(server):
    """The port of a server whose budget is taken, and the connections that took it."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server[1])) for _ in range(2)]
        for sock in socks:
            sock.sendall(upload(50_000) + bytes(49_000))
        wait_until_used(server[1], 98_000)
        yield server[1], socks
    wait_until_used(server[1], 0)


def refusal(sock: socket.socket) -> bytes:
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert "oo many bytes" in json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]
    return answer


@pytest.mark.slow
def test_a_body_that_does_not_fit_is_refused_before_it_is_sent(filled):
    with connected(filled[0]) as sock:
        sock.sendall(upload(10_000))
        sock.settimeout(0.5)
        refusal(sock)


@pytest.mark.slow
def test_who_sends_it_all_the_same_gets_the_refusal(filled):
    with connected(filled[0]) as sock:
        sock.sendall(upload(55_000) + bytes(55_000))
        refusal(sock)


@pytest.mark.slow
def test_100_continue_is_not_sent_to_who_is_refused(filled):
    request = upload(10_000).replace(b"Host", b"Expect: 100-continue\r\nHost")
    with connected(filled[0]) as sock:
        sock.sendall(request)
        assert b"100 Continue" not in refusal(sock)


@pytest.mark.slow
def test_chunks_are_refused_as_they_outgrow_the_budget(filled):
    head = upload(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with connected(filled[0]) as sock:
        sock.sendall(head + b"3E8\r\n" + bytes(1000) + b"\r\n")
        wait_until_used(filled[0], 99_000)
        sock.sendall(b"7D0\r\n" + bytes(2000) + b"\r\n")
        refusal(sock)


@pytest.mark.slow
def test_others_have_room_as_soon_as_one_is_answered(filled):
    port, (first, second) = filled
    first.sendall(bytes(1000))
    assert everything(first).endswith(bytes(50_000))
    with connected(port) as sock:
        sock.sendall(upload(40_000) + bytes(40_000))
        assert everything(sock).startswith(b"HTTP/1.1 200 ")
    second.sendall(bytes(1000))
    assert everything(second).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
def test_a_length_alone_takes_nothing_from_others(server):
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connected(server[1])).sendall(upload(LONGEST))
        with connected(server[1]) as sock:
            sock.sendall(upload(LONGEST) + bytes(LONGEST))
            assert everything(sock).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
def test_a_body_counts_until_its_answer(server):
    process, port = server
    with connected(port) as sock:
        send_and_wait(sock, upload(30_000, "/wait/0.3") + bytes(30_000), process)
        assert used(port) == 30_000
        assert everything(sock).endswith(b"answered")
    assert used(port) == 0


@pytest.mark.slow
def test_a_body_counts_no_more_when_its_client_leaves_or_is_evicted(server):
    with connected(server[1]) as stalled, connected(server[1]) as gone:
        for sock in (stalled, gone):
            sock.sendall(upload(20_000) + bytes(5000))
        wait_until_used(server[1], 10_000)
        gone.close()
        wait_until_used(server[1], 5000)
        assert everything(stalled).startswith(b"HTTP/1.1 408 ")
        wait_until_used(server[1], 0)
