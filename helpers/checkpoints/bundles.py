"""Read the variables in a `.index` and its `.data` files, with no session.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.checkpoints.crc32c import crc32c, masked
from helpers.checkpoints.stated_tensors import (
    WITHOUT_VALUES,
    index_fault,
    shape_of,
    slice_shape,
)
from helpers.checkpoints.tables import TableError, read_index, read_varint
from helpers.checkpoints.tensor_slices import numpy_index, slice_key

ADVICE = "copy the checkpoint's files again, or take an earlier checkpoint"
CRC_BYTES = 4  # between the lengths and the bytes of strings
BIG_ENDIAN = 1  # BundleHeaderProto.Endianness


class CheckpointError(ValueError):
    """A checkpoint cannot be read: one line states the cause, one the remedy."""

    def __init__(self, cause: str, fix: str = ADVICE):
        super().__init__(f"{cause}\n{fix}")
        self.cause, self.fix = cause, fix


class Variable(NamedTuple):
    """One variable; a partitioned one has slices, and no shard, offset or crc32c."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    shard: int | None = None  # the number in .data-00000-of-00001
    offset: int | None = None  # in that file
    crc32c: int | None = None  # masked, as it is stored
    slices: int = 0


class Bundle:
    """The variables of a V2 checkpoint: a `.index` file and its `.data` files.

    Raises:
      CheckpointError: the `.index` file is damaged or of a big-endian machine.
    """

    def __init__(self, prefix: str):
        self.prefix = prefix
        path = Path(f"{prefix}.index")
        try:
            self.header, self.entries = read_index(path)
        except TableError as error:
            raise CheckpointError(str(error)) from error
        if self.header.endianness == BIG_ENDIAN:
            raise CheckpointError(
                f"{path} was written on a big-endian machine",
                "save it again on this one",
            )
        if fault := index_fault(self.header, self.entries):
            raise CheckpointError(f"{path} is damaged: {fault}")

    @property
    def paths(self) -> list[Path]:
        """The `.data` files, by shard."""
        return [self.data_path(shard) for shard in range(self.header.num_shards)]

    def data_path(self, shard: int) -> Path:
        """The `.data` file that the index names for a shard; it may not exist."""
        count = self.header.num_shards
        return Path(f"{self.prefix}.data-{shard:05d}-of-{count:05d}")

    def variables(self) -> list[Variable]:
        """Every variable, sorted by name; slices are counted in their variable."""
        return [
            self._variable(key.decode(), entry)
            for key, entry in self.entries.items()
            if not key.startswith(b"\0")
        ]

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value.

        Args:
          check: whether to compare the checksum of its bytes; strings always are.
        Raises:
          KeyError: there is no such variable.
          CheckpointError: its bytes are missing or damaged.
        """
        entry = self.entries[name.encode()]
        if not entry.slices:
            return self._tensor(name, entry, check)
        parts = [(part, self._slice(name, entry, part)) for part in entry.slices]
        value = np.empty(shape_of(entry), self._numpy_type(name, entry))
        for part, stored in parts:
            value[numpy_index(part)] = self._tensor(name, stored, check)
        return value

    def _slice(self, name: str, entry, part):
        """The entry of a slice of a variable; its bytes are there."""
        stored = self.entries.get(slice_key(name, part))
        if stored is None:
            raise CheckpointError(f"{self.prefix}.index lacks a slice of {name!r}")
        expected = entry.dtype, slice_shape(shape_of(entry), part)
        if stored.slices or (stored.dtype, shape_of(stored)) != expected:
            raise CheckpointError(
                f"{self.prefix}.index is damaged: a slice of {name!r} has another type "
                "or shape than the variable"
            )
        self._check_place(name, stored)
        return stored

    def _numpy_type(self, name: str, entry) -> np.dtype:
        """NumPy's type for a variable.

        Raises:
          CheckpointError: only TensorFlow itself reads such values.
        """
        kind = tf.as_dtype(entry.dtype).name
        if kind in WITHOUT_VALUES:
            raise CheckpointError(
                f"{name!r} is of type {kind}, whose values only TensorFlow reads",
                "leave it out: it is no part of a network's weights",
            )
        return numpy_type(entry.dtype)

    def _variable(self, name: str, entry) -> Variable:
        dtype, shape = tf.dtypes.as_dtype(entry.dtype).name, shape_of(entry)
        if not entry.slices:
            place = entry.shard_id, entry.offset, entry.crc32c
            return Variable(name, dtype, shape, entry.size, *place)
        parts = [self.entries.get(slice_key(name, part)) for part in entry.slices]
        size = sum(part.size for part in parts if part)
        return Variable(name, dtype, shape, size, slices=len(parts))

    def _tensor(self, name: str, entry, check: bool) -> np.ndarray:
        dtype = self._numpy_type(name, entry)
        data, shape = self._bytes(name, entry), shape_of(entry)
        if entry.dtype == tf.string:
            return _strings(name, data.tobytes(), entry)
        if check and masked(crc32c(data)) != entry.crc32c:
            raise CheckpointError(
                f"{name!r} is damaged: its {entry.size:,} bytes at {entry.offset:,} of "
                f"{self.data_path(entry.shard_id)} do not match their crc32c"
            )
        if data.size != dtype.itemsize * math.prod(shape):
            raise CheckpointError(
                f"{name!r} has {data.size} bytes, too many or too few for its shape"
            )
        return data.view(dtype).reshape(shape)

    def _bytes(self, name: str, entry) -> np.ndarray:
        """A tensor's bytes as they are stored: uint8 [size]."""
        path = self._check_place(name, entry)
        return np.fromfile(path, np.uint8, count=entry.size, offset=entry.offset)

    def _check_place(self, name: str, entry) -> Path:
        """The file with a tensor's bytes, which it has.

        Raises:
          CheckpointError: it is missing, or cut short.
        """
        path = self.data_path(entry.shard_id)
        if not path.exists():
            raise CheckpointError(
                f"{path} is missing, and {name!r} is in it",
                "put it into the folder of the .index: a checkpoint is all its files",
            )
        if path.stat().st_size < entry.offset + entry.size:
            raise CheckpointError(
                f"{path} is cut short: it has {path.stat().st_size:,} bytes, and "
                f"{name!r} ends at byte {entry.offset + entry.size:,}"
            )
        return path


def numpy_type(dtype: int) -> np.dtype:
    """NumPy's type for a number of TensorFlow's DataType."""
    found = np.dtype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    return found[0] if found.fields else found  # a quantized type is its integer


def _strings(name: str, data: bytes, entry) -> np.ndarray:
    """A string tensor, stored as lengths, the checksum of these, and the strings."""
    damage = CheckpointError(f"{name!r} is damaged: its strings do not match a crc32c")
    count, lengths, position = math.prod(shape_of(entry)), list[int](), 0
    if count > len(data):  # each length takes a byte at least
        raise damage
    try:
        for _ in range(count):
            length, position = read_varint(data, position)
            lengths.append(length)
    except TableError:
        raise damage from None
    if position + CRC_BYTES + sum(lengths) != len(data):
        raise damage
    value = np.empty(shape_of(entry), object)
    # The checksum is not of the stored lengths, but of these as 4 or 8 bytes each.
    counted = (n.to_bytes(4 if n < 1 << 32 else 8, "little") for n in lengths)
    if masked(crc32c(b"".join(counted) + data[position:])) != entry.crc32c:
        raise damage
    position += CRC_BYTES
    for place, length in zip(np.ndindex(value.shape), lengths, strict=True):
        value[place] = data[position : position + length]
        position += length
    return value
