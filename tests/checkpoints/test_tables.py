"""The reader of `.index` files and its checksum."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.crc32c import POLYNOMIAL, crc32c, masked
from helpers.checkpoints.tables import (
    MAGIC,
    BlockHandle,
    TableError,
    read_block,
    read_index,
    read_table,
    read_varint,
    value_of,
)

tf1 = tf.compat.v1


def crc32c_by_bits(data: bytes) -> int:
    """The checksum by its definition, one bit after the other."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    """A checkpoint of two hundred variables: its index has several restarts."""
    prefix = str(tmp_path_factory.mktemp("tables") / "many")
    names = [f"layer{index:03}/kernel" for index in range(200)]
    with tf.Graph().as_default(), tf1.Session() as session:
        values = [tf.constant(np.full([index % 5, 2], index)) for index in range(200)]
        slices = [""] * len(names)
        session.run(tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=values
        ))  # fmt: skip
    return prefix


@pytest.fixture(scope="module")
def index(prefix) -> bytes:
    return Path(f"{prefix}.index").read_bytes()


def test_crc32c_of_the_standard_text():
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 7, 63, 1000, 1027])
def test_crc32c_agrees_with_its_definition(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == crc32c_by_bits(data)


def test_crc32c_of_an_array_is_that_of_its_bytes():
    array = np.arange(10.0)
    assert crc32c(array) == crc32c(array.tobytes())


def test_crc32c_of_several_chunks_is_what_tensorflow_wrote(tmp_path):
    data = os.urandom(1_500_001)
    path = tmp_path / "record"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(data)
    assert int.from_bytes(path.read_bytes()[-4:], "little") == masked(crc32c(data))


def test_checksum_of_25_mb_takes_at_most_seconds():
    data = bytes(25_000_000)
    started = time.perf_counter()
    crc32c(data)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(("data", "number"), [(b"\x05", 5), (b"\xac\x02", 300)])
def test_varint_is_read_seven_bits_at_a_time(data, number):
    assert read_varint(data, 0) == (number, len(data))


def test_varint_that_does_not_end_is_refused():
    with pytest.raises(TableError, match="no number at byte 3"):
        read_varint(b"\xff\xff\xff", 0)


def shapes(path) -> dict[str, list[int]]:
    entries = read_index(path).entries.items()
    return {k.decode(): [dim.size for dim in e.shape.dim] for k, e in entries}


def test_index_lists_the_variables_that_tensorflow_lists(prefix):
    assert shapes(f"{prefix}.index") == dict(tf.train.list_variables(prefix))


def test_value_of_a_key_is_found_in_its_block(index):
    key = b"layer123/kernel"
    assert value_of(index, key) == dict(read_table(index))[key]


def test_key_that_is_not_in_the_table_is_refused(index):
    with pytest.raises(TableError, match="the key b'layer999' is not in"):
        value_of(index, b"layer999")


@pytest.mark.parametrize("cut", [1, 10, 48, 100])
def test_cut_index_is_refused(index, tmp_path, cut):
    (tmp_path / "cut").write_bytes(index[:-cut])
    with pytest.raises(TableError, match="magic number: it is cut short, or another"):
        read_index(tmp_path / "cut")


def test_flipped_bit_in_the_index_names_the_block(index, tmp_path):
    (tmp_path / "flipped").write_bytes(index[:20] + b"?" + index[21:])
    with pytest.raises(TableError, match=r"block of \d+ bytes at byte 0 is damaged"):
        read_index(tmp_path / "flipped")


def test_every_flipped_byte_of_an_index_is_found(index):
    padding = range(len(index) - 40, len(index) - len(MAGIC))  # zeros after handles
    for place in set(range(0, len(index), 97)).difference(padding):
        flipped = bytearray(index)
        flipped[place] ^= 0x10
        with pytest.raises(TableError):
            list(read_table(bytes(flipped)))


def test_snappy_is_refused_by_name():
    block = b"\x00\x00\x00\x00\x01"
    trailer = masked(crc32c(block)).to_bytes(4, "little")
    with pytest.raises(TableError, match="compressed with snappy, which TensorFlow's"):
        read_block(block + trailer, BlockHandle(0, 4))


def test_v1_checkpoint_is_no_index(shared):
    with pytest.raises(TableError, match="is a table, but not of a checkpoint's"):
        read_index(shared / "checkpoints/acrobot_v1fmt/model.ckpt")


def test_every_shared_index_reads_as_tensorflow_reads_it(shared):
    for path in (shared / "checkpoints").rglob("*.index"):
        prefix = str(path.with_suffix(""))
        assert shapes(path) == dict(tf.train.list_variables(prefix))
