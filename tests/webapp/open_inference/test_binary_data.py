"""Tensors as bytes, compared with those of NVIDIA's client."""

import numpy as np
import pytest
from tritonclient.utils import (
    deserialize_bf16_tensor,
    deserialize_bytes_tensor,
    serialize_bf16_tensor,
    serialize_byte_tensor,
)
from werkzeug.exceptions import BadRequest

from webapp.open_inference.binary_data import elements_in, numbers_in, to_bytes
from webapp.open_inference.datatypes import DATATYPES, datatype_of_array

TEXTS = np.array([b"", b"cat", b"\x00\xff\x00", "é".encode()], object)
NUMBERS = [name for name in DATATYPES if name not in ("string", "bfloat16")]


def test_texts_have_the_bytes_of_the_client():
    assert to_bytes(TEXTS) == serialize_byte_tensor(TEXTS).item()
    assert [*deserialize_bytes_tensor(to_bytes(TEXTS))] == [*TEXTS]


def test_texts_of_the_client_are_read():
    sent = serialize_byte_tensor(TEXTS).item()
    assert [*elements_in(memoryview(sent), "texts")] == [*TEXTS]


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_read_as_they_were_written(name):
    array = np.array([0, 1, 1], name)
    found = numbers_in(memoryview(to_bytes(array)), array.dtype, "numbers")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_numbers_are_little_endian():
    assert to_bytes(np.array([1], ">i4")) == b"\1\0\0\0"


def test_bfloat16_is_that_of_the_client():
    import ml_dtypes

    array = np.array([1.5, -2], ml_dtypes.bfloat16)
    assert to_bytes(array) == serialize_bf16_tensor(array.astype(np.float32)).item()
    found = deserialize_bf16_tensor(to_bytes(array))
    assert [*found.flat] == [1.5, -2]
    assert datatype_of_array(array) == "BF16"


@pytest.mark.parametrize("data", [b"\1\0\0", b"\2\0\0\0a", b"\1\0\0\0a\0"])
def test_texts_that_end_early_are_refused(data):
    with pytest.raises(BadRequest, match="end in an element"):
        [*elements_in(memoryview(data), "texts")]


def test_part_of_a_number_is_refused():
    with pytest.raises(BadRequest, match="4 bytes each, and 6 bytes came"):
        numbers_in(memoryview(bytes(6)), np.dtype(np.float32), "numbers")


def test_a_boolean_is_0_or_1():
    with pytest.raises(BadRequest, match="0 or 1 each, and 2 came"):
        numbers_in(memoryview(b"\0\2"), np.dtype(bool), "flags")
