"""Protobuf's wire format: finds the fields of a message without parsing them."""

from collections.abc import Iterator
from typing import NamedTuple

from helpers.checkpoints.tables import Data, TableError, read_varint

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
SIZES = {FIXED64: 8, FIXED32: 4}


class Field(NamedTuple):
    """One field of a message; places are offsets in bytes."""

    number: int
    kind: int  # its wire type
    head: int  # of its tag
    start: int  # of its content
    end: int

    @property
    def size(self) -> int:
        """The bytes of its content."""
        return self.end - self.start


def fields(data: Data, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """Yields the outermost fields of the message in data[start:end].

    Raises:
      TableError: the bytes are no message.
    """
    end = len(data) if end is None else end
    while start < end:
        head = start
        tag, start = read_varint(data, start)
        number, kind, size = tag >> 3, tag & 7, SIZES.get(tag & 7, 0)
        if not number:  # as in a file of zeros
            raise TableError(f"no field at byte {head}")
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
