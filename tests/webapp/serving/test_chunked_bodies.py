"""Chunked bodies, whole and in pieces of any size."""

import pytest
from waitress.utilities import BadRequest, RequestEntityTooLarge

from webapp.serving.body_budget import BodyBudget, BodyShare
from webapp.serving.chunked_bodies import ChunkReceiver

WHOLE = b"3\r\nabc\r\nA\r\n0123456789\r\n001\r\n\n\r\n0\r\n\r\n"
BODY = b"abc0123456789\n"


def received(data: bytes, size: int, most: int = 100) -> tuple[ChunkReceiver, int]:
    """A receiver that got the data in pieces, and how many bytes it took."""
    receiver, taken = ChunkReceiver(most, BodyShare(BodyBudget(10**9))), 0
    while taken < len(data) and not (receiver.completed or receiver.error):
        taken += receiver.received(data[taken : taken + size])
    return receiver, taken


@pytest.mark.parametrize("size", range(1, len(WHOLE) + 1))
def test_a_body_is_the_same_in_pieces_of_every_size(size):
    receiver, taken = received(WHOLE, size)
    assert (receiver.completed, taken) == (True, len(WHOLE))
    assert receiver.getfile().read() == BODY
    assert len(receiver) == len(BODY)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_follows_a_body_is_the_next_request(size):
    receiver, taken = received(WHOLE + b"GET / HTTP/1.1\r\n", size)
    assert (receiver.completed, taken) == (True, len(WHOLE))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"g\r\n", id="no hexadecimal"),
        pytest.param(b"0x3\r\nabc\r\n", id="0x"),
        pytest.param(b"+3\r\nabc\r\n", id="a sign"),
        pytest.param(b"-3\r\n", id="negative"),
        pytest.param(b" 3\r\nabc\r\n", id="space before"),
        pytest.param(b"3 \r\nabc\r\n", id="space after"),
        pytest.param(b"\r\nabc", id="no size"),
        pytest.param(b"3\nabc\n", id="LF alone"),
        pytest.param(b"3;a=b\r\nabc\r\n", id="an extension"),
        pytest.param(b"3;\r\nabc\r\n", id="an empty extension"),
        pytest.param(b"3\r\nabcd\r\n", id="a longer chunk"),
        pytest.param(b"3\r\nab\r\n0\r\n\r\n", id="a shorter chunk"),
        pytest.param(b"000000000\r\n", id="nine digits"),
        pytest.param(b"0\r\nX: y\r\n\r\n", id="a trailer"),
        pytest.param("٣\r\nabc\r\n".encode(), id="an Arabic digit"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_malformed_body_is_an_error(data, size):
    receiver, _ = received(data, size)
    assert isinstance(receiver.error, BadRequest)
    assert not receiver.completed


@pytest.mark.parametrize("size", [1, 1000])
def test_a_body_over_the_limit_is_an_error_before_it_is_kept(size):
    receiver, _ = received(b"32\r\n" + bytes(50) + b"\r\nFFFFFFFF\r\n", size, most=99)
    assert isinstance(receiver.error, RequestEntityTooLarge)
    assert len(receiver) == 50


def test_many_small_chunks_take_no_more_memory_than_their_bytes():
    receiver, _ = received(b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n", 262_144, 50_000)
    assert receiver.getfile().read() == b"a" * 50_000
