"""The `.index` reader and its checksum."""

import os
import time

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.crc32c import POLYNOMIAL, crc32c, masked, unmasked
from helpers.checkpoints.tables import (
    MAGIC,
    BlockHandle,
    TableError,
    entries_in,
    is_table,
    read_block,
    read_footer,
    read_index,
    read_table,
    read_varint,
    value_of,
)

tf1 = tf.compat.v1


def crc32c_by_bits(data: bytes) -> int:
    """The checksum as its definition says it, one bit after the other."""
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


def test_crc32c_of_the_standard_text():
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 7, 63, 1000, 1027])
def test_crc32c_is_what_its_definition_gives(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == crc32c_by_bits(data)


def test_crc32c_of_several_chunks_is_what_tensorflow_wrote(tmp_path):
    data = os.urandom(1_500_001)
    path = tmp_path / "record"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(data)
    assert int.from_bytes(path.read_bytes()[-4:], "little") == masked(crc32c(data))


def test_crc32c_of_an_array_is_that_of_its_bytes():
    array = np.arange(10.0)
    assert crc32c(array) == crc32c(array.tobytes())


def test_a_flipped_bit_changes_the_checksum():
    data = bytearray(100_000)
    before = crc32c(data)
    data[54_321] ^= 8
    assert crc32c(data) != before


def test_unmasking_undoes_masking():
    assert unmasked(masked(0xE3069283)) == 0xE3069283


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


def test_keys_share_what_the_key_before_them_had():
    entry = b"\x00\x05\x01" + b"conv1" + b"a" + b"\x04\x01\x01" + b"2" + b"b"
    block = entry + bytes(4) + (1).to_bytes(4, "little")
    assert list(entries_in(block)) == [(b"conv1", b"a"), (b"conv2", b"b")]


def test_index_lists_the_variables_that_tensorflow_lists(prefix):
    found = {
        key.decode(): [dim.size for dim in entry.shape.dim]
        for key, entry in read_index(f"{prefix}.index").entries.items()
    }
    assert found == dict(tf.train.list_variables(prefix))


def test_index_knows_the_types_that_tensorflow_knows(prefix):
    types = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map()
    entries = read_index(f"{prefix}.index").entries
    assert {k.decode(): tf.as_dtype(e.dtype) for k, e in entries.items()} == types


def test_header_counts_the_shards(prefix):
    assert read_index(f"{prefix}.index").header.num_shards == 1


def test_value_of_a_key_is_found_in_its_block(prefix):
    with open(f"{prefix}.index", "rb") as file:
        data = file.read()
    table = dict(read_table(data))
    assert value_of(data, b"layer123/kernel") == table[b"layer123/kernel"]


def test_key_that_is_not_there_is_said_to_be_missing(prefix):
    with (
        open(f"{prefix}.index", "rb") as file,
        pytest.raises(TableError, match="not in"),
    ):
        value_of(file.read(), b"layer999")


def test_index_ends_as_tables_do_and_data_does_not(prefix):
    assert is_table(f"{prefix}.index")
    assert not is_table(f"{prefix}.data-00000-of-00001")


@pytest.mark.parametrize("cut", [0, 10, 48, 100])
def test_cut_index_is_refused(prefix, tmp_path, cut):
    with open(f"{prefix}.index", "rb") as file:
        (tmp_path / "cut").write_bytes(file.read()[: cut or -1])
    with pytest.raises(TableError, match="cut short, or another file"):
        read_index(tmp_path / "cut")


def test_flipped_bit_in_the_index_names_the_block(prefix, tmp_path):
    with open(f"{prefix}.index", "rb") as file:
        data = bytearray(file.read())
    data[20] ^= 1
    (tmp_path / "flipped").write_bytes(data)
    with pytest.raises(TableError, match=r"block of \d+ bytes at byte 0 is damaged"):
        read_index(tmp_path / "flipped")


def test_every_flipped_byte_of_an_index_is_found(prefix, tmp_path):
    with open(f"{prefix}.index", "rb") as file:
        data = file.read()
    padding = range(len(data) - 40, len(data) - len(MAGIC))  # zeros after the handles
    for place in range(0, len(data), 97):
        if place not in padding:
            flipped = bytearray(data)
            flipped[place] ^= 0x10
            with pytest.raises(TableError):
                list(read_table(bytes(flipped)))


def test_snappy_is_refused_by_name():
    block = b"\x00\x00\x00\x00\x01"
    trailer = masked(crc32c(block)).to_bytes(4, "little")
    with pytest.raises(TableError, match="compressed with snappy, which TensorFlow's"):
        read_block(block + trailer, BlockHandle(0, 4))


def test_footer_with_other_magic_is_refused():
    with pytest.raises(TableError, match="magic number"):
        read_footer(bytes(100))


def test_table_of_something_else_is_refused(tmp_path, shared):
    old = shared / "checkpoints/acrobot_v1fmt/model.ckpt"
    with pytest.raises(TableError):
        read_index(old)


def test_every_shared_index_reads_as_tensorflow_reads_it(shared):
    for path in (shared / "checkpoints").rglob("*.index"):
        found = {
            key.decode(): [dim.size for dim in entry.shape.dim]
            for key, entry in read_index(path).entries.items()
        }
        assert found == dict(tf.train.list_variables(str(path.with_suffix(""))))
