"""Read the variables in a `.index` and its `.data` files, with no session.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.checkpoints.crc32c import crc32c, masked
from helpers.checkpoints.tables import TableError, read_index, read_varint
from helpers.checkpoints.tensor_slices import numpy_index, slice_key

ADVICE = "copy the checkpoint's files again, or take an earlier checkpoint"
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
        value = np.empty(shape_of(entry), numpy_type(entry.dtype))
        for part in entry.slices:
            key = slice_key(name, part)
            if key not in self.entries:
                raise CheckpointError(f"{self.prefix}.index lacks a slice of {name!r}")
            value[numpy_index(part)] = self._tensor(name, self.entries[key], check)
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
        data, shape = self._bytes(name, entry), shape_of(entry)
        if entry.dtype == tf.string:
            return _strings(name, data.tobytes(), entry)
        if check and masked(crc32c(data)) != entry.crc32c:
            raise CheckpointError(
                f"{name!r} is damaged: its {entry.size:,} bytes at {entry.offset:,} of "
                f"{self.data_path(entry.shard_id)} do not match their crc32c"
            )
        dtype = numpy_type(entry.dtype)
        if data.size != dtype.itemsize * int(np.prod(shape)):
            raise CheckpointError(
                f"{name!r} has {data.size} bytes, too many or too few for its shape"
            )
        return data.view(dtype).reshape(shape)

    def _bytes(self, name: str, entry) -> np.ndarray:
        """A tensor's bytes as they are stored: uint8 [size]."""
        path = self.data_path(entry.shard_id)
        if not path.exists():
            raise CheckpointError(
                f"{path} is missing, and {name!r} is in it",
                "put it into the folder of the .index: a checkpoint is all its files",
            )
        data = np.fromfile(path, np.uint8, count=entry.size, offset=entry.offset)
        if data.size < entry.size:
            raise CheckpointError(
                f"{path} is cut short: it has {path.stat().st_size:,} bytes, and "
                f"{name!r} ends at byte {entry.offset + entry.size:,}"
            )
        return data


def shape_of(entry) -> tuple[int, ...]:
    """The shape in a message that describes a tensor, such as a BundleEntryProto."""
    return tuple(dim.size for dim in entry.shape.dim)


def numpy_type(dtype: int) -> np.dtype:
    """NumPy's type for a number of TensorFlow's DataType."""
    found = np.dtype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    return found[0] if found.fields else found  # a quantized type is its integer


def _strings(name: str, data: bytes, entry) -> np.ndarray:
    """A string tensor, stored as lengths, the checksum of these, and the strings."""
    value, lengths, position = np.empty(shape_of(entry), object), list[int](), 0
    damage = CheckpointError(f"{name!r} is damaged: its strings do not match a crc32c")
    try:
        for _ in range(value.size):
            length, position = read_varint(data, position)
            lengths.append(length)
    except TableError:
        raise damage from None
    # The checksum is not of the stored lengths, but of these as 4 or 8 bytes each.
    counted = (n.to_bytes(4 if n < 1 << 32 else 8, "little") for n in lengths)
    if masked(crc32c(b"".join(counted) + data[position:])) != entry.crc32c:
        raise damage
    position += 4
    for place, length in zip(np.ndindex(value.shape), lengths, strict=True):
        value[place] = data[position : position + length]
        position += length
    return value
