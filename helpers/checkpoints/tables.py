"""Read the table format of `.index` files (and of whole V1 checkpoints).

It is LevelDB's: sorted keys, each with a value, in checksummed blocks.

    data block … data block · metaindex block · index block · footer

The footer says where the index block is, the index block where each data block
is. In a block a key stores only what differs from the key before it.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from helpers.checkpoints.crc32c import crc32c, masked

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER_BYTES = 48  # two block handles, padded to 40, and the magic number
TRAILER_BYTES = 5  # after each block: how it is compressed, and its checksum
COMPRESSIONS = {1: "snappy", 2: "zlib", 4: "zstd"}


class TableError(ValueError):
    """A file that is not what its writer wrote."""


class BlockHandle(NamedTuple):
    """Where a block is in its file."""

    offset: int
    size: int  # bytes, without the trailer


class Index(NamedTuple):
    """What a `.index` file holds: one header, one entry a key."""

    header: object  # BundleHeaderProto
    entries: dict  # key, as bytes -> BundleEntryProto


def read_index(path: Path) -> Index:
    """The header and the entries of a `.index` file; keys are sorted bytes.

    Raises:
      TableError: it is no such table, or not the bytes that were written.
    """
    from tensorflow.core.protobuf import tensor_bundle_pb2

    header, entries = None, {}
    try:
        for key, value in read_table(Path(path).read_bytes()):
            if key:
                entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
                entries[key] = entry
            else:  # the empty key sorts first
                header = tensor_bundle_pb2.BundleHeaderProto.FromString(value)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    except DecodeError:
        raise TableError(f"{path}: a value is not the message expected") from None
    if header is None or header.num_shards < 1:
        raise TableError(f"{path} is a table, but not of a checkpoint's tensors")
    return Index(header, entries)


def is_table(path: Path) -> bool:
    """Whether a file ends as a table does."""
    with Path(path).open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(end - len(MAGIC), 0))
        return end >= FOOTER_BYTES and file.read() == MAGIC


def read_table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every key and value of a table, in order."""
    _, index = read_footer(data)
    for _, value in entries_in(read_block(data, index)):
        handle, _ = read_handle(value, 0)
        yield from entries_in(read_block(data, handle))


def value_of(data: bytes, key: bytes) -> bytes:
    """The value under a key, with only the block read that can hold it."""
    _, index = read_footer(data)
    for last, value in entries_in(read_block(data, index)):
        if key <= last:
            handle, _ = read_handle(value, 0)
            for found, wanted in entries_in(read_block(data, handle)):
                if found == key:
                    return wanted
            break
    raise TableError("a key that the table should hold is not in it")


def read_footer(data: bytes) -> tuple[BlockHandle, BlockHandle]:
    """Where the metaindex block and the index block are."""
    if len(data) < FOOTER_BYTES or data[-len(MAGIC) :] != MAGIC:
        raise TableError(
            "does not end with a table's magic number: it is cut short, or another file"
        )
    metaindex, position = read_handle(data, len(data) - FOOTER_BYTES)
    index, _ = read_handle(data, position)
    return metaindex, index


def read_handle(data: bytes, position: int) -> tuple[BlockHandle, int]:
    """A block handle at a position, and the position after it."""
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return BlockHandle(offset, size), position


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A number in groups of 7 bits, lowest first, and the position after it."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:  # the high bit says that more follows
            return number, position
    raise TableError(f"no number at byte {position}")


def read_block(data: bytes, handle: BlockHandle) -> bytes:
    """A block's bytes, once its checksum is seen to be right."""
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
    """The keys and values of a block, each key completed from the one before it."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts  # offsets of whole keys, for binary search
    key, position = b"", 0
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        value_bytes, position = read_varint(block, position)
        key_end, value_end = position + unshared, position + unshared + value_bytes
        if shared > len(key) or value_end > end:
            raise TableError(f"no key and value at byte {position} of a block")
        key = key[:shared] + block[position:key_end]
        yield key, block[key_end:value_end]
        position = value_end
