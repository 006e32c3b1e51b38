"""Protobuf's wire format: where a message's fields are, without parsing them."""

from collections.abc import Iterator
from typing import NamedTuple

from helpers.checkpoints.tables import TableError, read_varint

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
SIZES = {FIXED64: 8, FIXED32: 4}


class Field(NamedTuple):
    """One field of a message."""

    number: int
    kind: int  # its wire type
    head: int  # where it begins, with its tag
    start: int  # where its content begins
    end: int


def fields(data, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """The outermost fields of the message in these bytes.

    Raises:
      TableError: they are not a message's.
    """
    end = len(data) if end is None else end
    while start < end:
        head = start
        tag, start = read_varint(data, start)
        number, kind, size = tag >> 3, tag & 7, SIZES.get(tag & 7, 0)
        if kind == VARINT:
            size = read_varint(data, start)[1] - start
        elif kind == BYTES:
            size, start = read_varint(data, start)
        elif not size:
            raise TableError(f"no field at byte {head}")
        if start + size > end:
            raise TableError(f"a field goes beyond byte {end}")
        yield Field(number, kind, head, start, start + size)
        start += size
