"""Read the table format of `.index` files and of V1 checkpoints.

It is LevelDB's: sorted keys, each with a value, in checksummed blocks.

    data block … data block · metaindex block · index block · footer

The footer holds the place of the index block, and the index block those of the data
blocks. In a block, each key is stored as its difference from the key before it.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import NamedTuple, TypeAlias

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import tensor_bundle_pb2

from helpers.checkpoints.crc32c import crc32c, masked

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER_BYTES = 48  # two block handles, padded to 40, and the magic number
TRAILER_BYTES = 5  # after each block: compression method and checksum
COMPRESSIONS = {1: "snappy", 2: "zlib", 4: "zstd"}
Data: TypeAlias = bytes | mmap


class TableError(ValueError):
    """The bytes are no table, or are damaged or cut short."""


class BlockHandle(NamedTuple):
    """The place of a block in its file."""

    offset: int
    size: int  # bytes, without the trailer


class Index(NamedTuple):
    """The content of a `.index` file: a header, and an entry for each key."""

    header: tensor_bundle_pb2.BundleHeaderProto
    entries: dict[bytes, tensor_bundle_pb2.BundleEntryProto]  # keys are sorted


def read_index(path: Path) -> Index:
    """The header and the entries of a `.index` file.

    Raises:
      TableError: it is no such table, or is damaged or cut short.
    """
    entry_of = tensor_bundle_pb2.BundleEntryProto.FromString
    try:
        table = dict(read_table(Path(path).read_bytes()))
        header = tensor_bundle_pb2.BundleHeaderProto.FromString(table.pop(b"", b""))
        entries = {key: entry_of(value) for key, value in table.items()}
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    except DecodeError:
        raise TableError(f"{path}: a value is not the message expected") from None
    if header.num_shards < 1:
        raise TableError(f"{path} is a table, but not of a checkpoint's tensors")
    return Index(header, entries)


def is_table(path: Path) -> bool:
    """Whether a file ends with a table's magic number."""
    with Path(path).open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(end - len(MAGIC), 0))
        return end >= FOOTER_BYTES and file.read() == MAGIC


def read_table(data: Data) -> Iterator[tuple[bytes, bytes]]:
    """Yields every key and value of a table, sorted by key."""
    for _, value in entries_in(read_block(data, read_footer(data))):
        handle, _ = read_handle(value, 0)
        yield from entries_in(read_block(data, handle))


def value_of(data: Data, key: bytes) -> bytes:
    """The value under a key; reads only the block that can hold it.

    Raises:
      TableError: there is no such key, or the block is damaged.
    """
    for last, value in entries_in(read_block(data, read_footer(data))):
        if key <= last:
            handle, _ = read_handle(value, 0)
            for found, wanted in entries_in(read_block(data, handle)):
                if found == key:
                    return wanted
            break
    raise TableError(f"the key {key!r} is not in the table")


def read_footer(data: Data) -> BlockHandle:
    """The place of the index block."""
    if not data:
        raise TableError("it is empty")
    if len(data) < FOOTER_BYTES or data[-len(MAGIC) :] != MAGIC:
        raise TableError(
            "does not end with a table's magic number: it is cut short, or another file"
        )
    _, position = read_handle(data, len(data) - FOOTER_BYTES)  # the metaindex block's
    return read_handle(data, position)[0]


def read_handle(data: Data, position: int) -> tuple[BlockHandle, int]:
    """A block handle at a position, and the position after it."""
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return BlockHandle(offset, size), position


def read_varint(data: Data, position: int) -> tuple[int, int]:
    """A number stored 7 bits a byte, lowest first, and the position after it."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:  # the high bit is set on all bytes but the last
            return number, position
    raise TableError(f"no number at byte {position}")


def read_block(data: Data, handle: BlockHandle) -> bytes:
    """A block's bytes without the trailer.

    Raises:
      TableError: it is cut short or compressed, or its checksum does not match.
    """
    end = handle.offset + handle.size
    trailer = data[end : end + TRAILER_BYTES]
    if len(trailer) < TRAILER_BYTES:
        raise TableError(f"the block at byte {handle.offset} goes beyond the end")
    stored = int.from_bytes(trailer[1:], "little")
    if masked(crc32c(data[handle.offset : end + 1])) != stored:
        raise TableError(
            f"the block of {handle.size} bytes at byte {handle.offset} is damaged: "
            "its checksum differs"
        )
    if trailer[0]:
        kind = COMPRESSIONS.get(trailer[0], f"method {trailer[0]}")
        raise TableError(
            f"the block at byte {handle.offset} is compressed with {kind}, which "
            "TensorFlow's checkpoints are not"
        )
    return data[handle.offset : end]


def entries_in(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the keys and values of a block; keys are whole."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts  # offsets of whole keys, for binary search
    key, position = b"", 0
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        value_bytes, position = read_varint(block, position)
        key_end, value_end = position + unshared, position + unshared + value_bytes
        if shared > len(key) or value_end > end:
            raise TableError(f"the entry before byte {position} of a block is damaged")
        key = key[:shared] + block[position:key_end]
        yield key, block[key_end:value_end]
        position = value_end
