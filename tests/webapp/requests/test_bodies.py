"""Bodies that are chunked or packed, at their limits and damaged."""

import gzip
import zlib
from io import BytesIO

import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from tests.webapp.running_app import photo
from webapp.app import create_app
from webapp.requests.bodies import UnknownEncoding, read_body, unpacked

TEXT = b'{"instances": []}' * 100
PACKED = gzip.compress(TEXT)
CHUNKED = {"wsgi.input_terminated": True}  # as servers pass a body without a length


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", " gzip "])
def test_a_packed_body_is_unpacked(encoding):
    assert unpacked(PACKED, encoding, 10_000) == TEXT


def test_deflate_is_unpacked():
    assert unpacked(zlib.compress(TEXT), "deflate", 10_000) == TEXT


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_body_that_is_not_packed_is_left_as_it_is(encoding):
    assert unpacked(TEXT, encoding, 10_000) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "\ud800"])
def test_another_encoding_is_refused(encoding):
    with pytest.raises(UnknownEncoding, match="or packed with gzip") as raised:
        unpacked(PACKED, encoding, 10_000)
    assert ("Accept-Encoding", "gzip, deflate") in raised.value.get_headers()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (PACKED[:-4], "is cut short"),
        (PACKED[: len(PACKED) // 2], "is cut short"),
        (b"", "is cut short"),
        (PACKED + b"more", "goes on after its end"),
        (PACKED * 2, "goes on after its end"),
        (TEXT, "not what its Content-Encoding says"),
        (zlib.compress(TEXT), "not what its Content-Encoding says"),
    ],
    ids=["no end", "half", "empty", "more", "twice", "not packed", "deflate"],
)
def test_a_damaged_packed_body_is_one_sentence(body, sentence):
    with pytest.raises(BadRequest, match=sentence):
        unpacked(body, "gzip", 10_000)


def test_a_body_is_bounded_after_it_is_unpacked():
    assert unpacked(PACKED, "gzip", len(TEXT)) == TEXT
    with pytest.raises(RequestEntityTooLarge):
        unpacked(PACKED, "gzip", len(TEXT) - 1)


def test_a_chunked_body_is_read_up_to_the_limit_only():
    stream = BytesIO(bytes(100))
    assert read_body(BytesIO(bytes(100)), None, 100) == bytes(100)
    with pytest.raises(RequestEntityTooLarge):
        read_body(stream, None, 50)
    assert stream.tell() == 51


@pytest.fixture(scope="module")
def client(kinds):
    return create_app(kinds, MAX_BYTES=5000).test_client()


def ask(client, data, headers=(), **environment):
    return client.post(
        "/predict?model=whole",
        input_stream=BytesIO(data),
        headers=dict(headers),
        environ_overrides=environment,
    )


def test_a_chunked_photo_is_answered(client):
    assert ask(client, photo(), **CHUNKED).json["label"] == "red"


def test_a_chunked_photo_over_the_limit_is_413(client):
    answer = ask(client, bytes(200_000), **CHUNKED)
    assert answer.status_code == 413
    assert "allowed 0.005 MB" in answer.json["detail"]


def test_a_packed_photo_is_answered(client):
    gzipped = {"Content-Encoding": "gzip"}
    data = gzip.compress(photo())
    assert ask(client, data, gzipped, **CHUNKED).json["label"] == "red"


@pytest.mark.parametrize(
    ("data", "encoding", "status"),
    [
        (gzip.compress(bytes(200_000)), "gzip", 413),
        (photo(), "br", 415),
        (photo(), "gzip", 400),
    ],
    ids=["too large", "unknown", "not packed"],
)
def test_a_packed_body_gets_its_status(client, data, encoding, status):
    answer = ask(client, data, {"Content-Encoding": encoding}, **CHUNKED)
    assert (answer.status_code, answer.json["status"]) == (status, status)
