"""A request's body, whole, unpacked and within the app's limit."""

import zlib
from typing import IO

from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)

from webapp.serving.admission import RETRY_AFTER
from webapp.serving.body_budget import BodyShare

GZIP = zlib.MAX_WBITS | 16
PACKED = {"gzip": GZIP, "x-gzip": GZIP, "deflate": zlib.MAX_WBITS}  # to zlib's wbits
AS_IT_IS = ("", "identity")
EXPANSION = 1040  # times that a body may grow; zlib's documentation has 1032:1


class UnknownEncoding(UnsupportedMediaType):
    """415 for a Content-Encoding; the answer names those that are understood."""

    def get_headers(self, *given, **named) -> list[tuple[str, str]]:
        understood = ("Accept-Encoding", "gzip, deflate")
        return [*super().get_headers(*given, **named), understood]


def read_body(stream: IO[bytes], length: int | None, most: int | None) -> bytes:
    """The bytes that the client sent.

    Args:
      length: the Content-Length; None: the body is chunked, and the stream ends with
        it.
      most: the most bytes of a body; None: any number.
    Raises:
      BadRequest: the body is shorter than its Content-Length.
      RequestEntityTooLarge: it is longer than `most`.
    """
    if most is not None and (length or 0) > most:
        raise RequestEntityTooLarge
    if most is None or length is not None:
        body = stream.read()
    else:
        body = stream.read(most + 1)
    if most is not None and len(body) > most:
        raise RequestEntityTooLarge
    if len(body) < (length or 0):
        raise BadRequest(
            f"the upload broke off after {len(body):,} of {length:,} bytes: "
            "send it again"
        )
    return body


def unpacked(
    body: bytes, encoding: str, most: int | None, share: BodyShare | None = None
) -> bytes:
    """The body without its Content-Encoding.

    Args:
      most: the most bytes that it may have; None: any number.
      share: what it takes of the budget of all bodies; None: there is no budget.
    Raises:
      BadRequest: the body is damaged or cut short.
      RequestEntityTooLarge: it is longer than `most` bytes once it is unpacked.
      ServiceUnavailable: the budget has no room for it.
      UnsupportedMediaType: the encoding is not gzip, deflate or identity.
    """
    encoding = encoding.strip().lower()
    if encoding in AS_IT_IS:
        return body
    if encoding not in PACKED:
        raise UnknownEncoding(
            f"the body has the Content-Encoding {encoding[:40]!r}: send it as it is, "
            "or packed with gzip or deflate"
        )
    room = EXPANSION * len(body)
    room = room if most is None else min(room, most + 1)
    if share and not share.take(room):
        text = share.budget.refuse().body
        raise ServiceUnavailable(text, retry_after=RETRY_AFTER)
    plain = _plain(body, encoding, most)
    if share:
        share.give_back(room - len(plain))
    return plain


def _plain(body: bytes, encoding: str, most: int | None) -> bytes:
    stream = zlib.decompressobj(PACKED[encoding])
    try:
        plain = stream.decompress(body, 0 if most is None else most + 1)
    except zlib.error as error:
        raise BadRequest(
            f"the body is not what its Content-Encoding says, {encoding}: {error}"
        ) from error
    if most is not None and len(plain) > most:
        raise RequestEntityTooLarge
    if not stream.eof or stream.unused_data:
        what = "goes on after its end" if stream.eof else "is cut short"
        raise BadRequest(f"the {encoding} body {what}: send it again, or as it is")
    return plain
