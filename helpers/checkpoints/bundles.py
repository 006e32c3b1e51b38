"""Read the variables in a `.index` and its `.data` files, with no session.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.checkpoints.crc32c import crc32c, masked
from helpers.checkpoints.tables import Index, TableError, read_index, read_varint

ADVICE = "copy the checkpoint's files again, or take an earlier checkpoint"
BIG_ENDIAN = 1  # BundleHeaderProto.Endianness


class CheckpointError(ValueError):
    """A checkpoint that cannot be read: one line for the cause, one for the fix."""

    def __init__(self, cause: str, fix: str = ADVICE):
        super().__init__(f"{cause}\n{fix}")


class Variable(NamedTuple):
    """One variable of a checkpoint; a partitioned one has no place of its own."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    shard: int | None = None  # the number in .data-00000-of-00001
    offset: int | None = None  # in that file
    crc32c: int | None = None  # masked, as it is stored
    slices: int = 0  # how many parts are stored, each by itself


class Bundle:
    """The variables that a `.index` file finds in its `.data` files."""

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.index = _readable_index(f"{prefix}.index")
        self.entries = self.index.entries

    def data_path(self, shard: int) -> Path:
        shards = self.index.header.num_shards
        return Path(f"{self.prefix}.data-{shard:05d}-of-{shards:05d}")

    def variables(self) -> list[Variable]:
        """Every variable, in the order of names; slices belong to their variable."""
        return [
            self._variable(key.decode(), entry)
            for key, entry in self.entries.items()
            if not key.startswith(b"\0")
        ]

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value, its checksum compared.

        Raises:
          KeyError: there is no such variable.
          CheckpointError: its bytes are missing or not those that were written.
        """
        entry = self.entries[name.encode()]
        if not entry.slices:
            return self._tensor(name, entry, check)
        value = np.empty(shape_of(entry), numpy_type(entry.dtype))
        for part in entry.slices:
            key = slice_key(name, part)
            if key not in self.entries:
                raise CheckpointError(f"{self.prefix}.index lacks a slice of {name!r}")
            value[where_in(part)] = self._tensor(name, self.entries[key], check)
        return value

    def _variable(self, name: str, entry) -> Variable:
        dtype, shape = tf.dtypes.as_dtype(entry.dtype).name, shape_of(entry)
        if not entry.slices:
            place = entry.shard_id, entry.offset, entry.crc32c
            return Variable(name, dtype, shape, entry.size, *place)
        parts = [self.entries.get(slice_key(name, part)) for part in entry.slices]
        size = sum(part.size for part in parts if part)
        return Variable(name, dtype, shape, size, slices=len(parts))

    def _tensor(self, name: str, entry, check: bool) -> np.ndarray:
        data = self._bytes(name, entry)
        if entry.dtype == tf.string:
            return _strings(name, data, entry)
        if check and masked(crc32c(data)) != entry.crc32c:
            raise damaged(name, self.data_path(entry.shard_id), entry)
        dtype = numpy_type(entry.dtype)
        if data.size != dtype.itemsize * int(np.prod(shape_of(entry))):
            raise CheckpointError(f"{name!r} has {data.size} bytes, not its shape's")
        return data.view(dtype).reshape(shape_of(entry))

    def _bytes(self, name: str, entry) -> np.ndarray:
        """A tensor's bytes as they are stored: uint8 [size]."""
        path = self.data_path(entry.shard_id)
        if not path.exists():
            raise CheckpointError(
                f"{path} is missing, and {name!r} is in it",
                "put it beside the .index; a checkpoint is all its files together",
            )
        data = np.fromfile(path, np.uint8, count=entry.size, offset=entry.offset)
        if data.size < entry.size:
            raise CheckpointError(
                f"{path} is cut short: it has {path.stat().st_size:,} bytes, and "
                f"{name!r} goes to byte {entry.offset + entry.size:,}"
            )
        return data


def shape_of(entry) -> tuple[int, ...]:
    return tuple(dim.size for dim in entry.shape.dim)


def slice_key(name: str, part) -> bytes:
    """The key of one slice: name, axes, first row and count on each axis.

    TensorFlow's EncodeTensorNameSlice, whose keys sort as the numbers do.
    """
    escaped = name.encode().replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0")
    key = b"\0" + escaped + b"\0\1"
    axes = len(part.extent)
    key += bytes([1, axes]) if axes else b"\0"
    for extent in part.extent:
        length = extent.length if extent.HasField("length") else -1  # all
        key += _ordered(extent.start) + _ordered(length)
    return key


def damaged(name: str, path: Path, entry) -> CheckpointError:
    return CheckpointError(
        f"{name!r} is damaged: its {entry.size:,} bytes at {entry.offset:,} of {path} "
        "do not have their crc32c"
    )


def _ordered(number: int) -> bytes:
    """A signed number whose encodings sort as the numbers do."""
    size = 1
    while not -(1 << 7 * size - 1) <= number < 1 << 7 * size - 1:
        size += 1
    length = (1 << size) - 1 << 7 * size  # as many ones as there are bytes, at the top
    return (number % (1 << 8 * size) ^ length).to_bytes(size, "big")


def where_in(part) -> tuple[slice, ...]:
    """Where in the whole variable a slice belongs."""
    return tuple(
        slice(extent.start, extent.start + extent.length)
        if extent.HasField("length")
        else slice(None)
        for extent in part.extent
    )


def numpy_type(dtype: int) -> np.dtype:
    """NumPy's type for a DataType of TensorFlow's."""
    dtype = np.dtype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    return dtype[0] if dtype.fields else dtype  # a quantized type is its integer


def _strings(name: str, data: np.ndarray, entry) -> np.ndarray:
    """A string tensor: the lengths, their checksum, then all the texts together."""
    data, position = data.tobytes(), 0
    value = np.empty(shape_of(entry), object)
    lengths = []
    try:
        for _ in range(value.size):
            length, position = read_varint(data, position)
            lengths.append(length)
    except TableError:
        lengths = None
    texts = position + 4
    checked = _length_bytes(lengths or ()) + data[position:]
    if lengths is None or masked(crc32c(checked)) != entry.crc32c:
        raise CheckpointError(f"{name!r} is damaged: its texts lack their crc32c")
    for place, length in zip(np.ndindex(value.shape), lengths, strict=True):
        value[place] = data[texts : texts + length]
        texts += length
    return value


def _length_bytes(lengths) -> bytes:
    """Lengths as they are checksummed: not as they are stored."""
    return b"".join(
        length.to_bytes(4 if length < 1 << 32 else 8, "little") for length in lengths
    )


def _readable_index(path: str) -> Index:
    try:
        index = read_index(Path(path))
    except TableError as error:
        raise CheckpointError(str(error)) from error
    if index.header.endianness == BIG_ENDIAN:
        raise CheckpointError(
            f"{path} was written on a big-endian machine", "save it again on this one"
        )
    return index
