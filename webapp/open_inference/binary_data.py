"""Arrays as the bytes of the binary tensor data extension: little-endian, row-major."""

import struct
from collections.abc import Iterator

import numpy as np
from werkzeug.exceptions import BadRequest

LENGTH = struct.Struct("<I")  # before each element of BYTES


def numbers_in(data: memoryview, dtype: np.dtype, takes: str) -> np.ndarray:
    """The numbers or booleans in a tensor's bytes.

    Args:
      takes: what the input takes, with which the message of an error begins.
    Raises:
      BadRequest: there is part of a number, or a boolean that is neither 0 nor 1.
    """
    if len(data) % dtype.itemsize:
        raise BadRequest(
            f"{takes}, {dtype.itemsize} bytes each, and {len(data)} bytes came"
        )
    array = np.frombuffer(data, np.uint8 if dtype.kind == "b" else little(dtype))
    if dtype.kind == "b" and array.size and array.max() > 1:
        raise BadRequest(f"{takes}, a byte 0 or 1 each, and {array.max()} came")
    return array.astype(dtype)


def elements_in(data: memoryview, takes: str) -> Iterator[bytes]:
    """The elements in the bytes of a BYTES tensor, each of which follows its length.

    Raises:
      BadRequest: the bytes end within an element.
    """
    place = 0
    while place < len(data):
        start = place + LENGTH.size
        stated = LENGTH.unpack_from(data, place)[0] if start <= len(data) else 0
        place = start + stated
        if place > len(data):
            raise BadRequest(
                f"{takes}, each after its length as 4 bytes: the data end in an element"
            )
        yield bytes(data[start:place])


def to_bytes(array: np.ndarray) -> bytes:
    """The bytes of an array; of texts, each element after its length."""
    if array.dtype.kind not in "OSU":
        return array.astype(little(array.dtype)).tobytes()
    texts = [t.encode() if isinstance(t, str) else bytes(t) for t in array.flat]
    return b"".join(LENGTH.pack(len(text)) + text for text in texts)


def little(dtype: np.dtype) -> np.dtype:
    """The dtype in little-endian order; bfloat16 has that of the machine."""
    return dtype if dtype.kind == "V" else dtype.newbyteorder("<")
