"""Read the variables of a V1 checkpoint: tables that hold the values themselves."""

import mmap
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.util import saved_tensor_slice_pb2

from helpers.checkpoints.bundles import (
    CheckpointError,
    Variable,
    numpy_type,
    shape_of,
    slice_key,
    where_in,
)
from helpers.checkpoints.tables import TableError, read_table, value_of


class OldCheckpoint:
    """The variables in one table, or in several: `-00000-of-00002` and on."""

    def __init__(self, paths: list[Path]):
        self.paths = paths
        self.tables = [_mapped(path) for path in paths]
        self.places: dict[str, list] = {}  # name -> (shard, what is saved there)
        for shard, path in enumerate(paths):
            for saved in self._contents(path, shard):
                self.places.setdefault(saved.name, []).append((shard, saved))

    def variables(self) -> list[Variable]:
        """Every variable, in the order of names; it has no place in bytes."""
        return [self._variable(name) for name in sorted(self.places)]

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value; the table's checksums are always compared.

        Raises:
          KeyError: there is no such variable.
          CheckpointError: its bytes are missing or not those that were written.
        """
        first = self.places[name][0][1]
        value = np.empty(shape_of(first), numpy_type(first.type))
        for shard, saved in self.places[name]:
            for part in saved.slice:
                where = where_in(part)
                value[where] = self._slice(saved, part, value[where].shape, shard)
        return value

    def _contents(self, path: Path, shard: int):
        """What the table says that it holds, under its empty key."""
        try:
            key, value = next(read_table(self.tables[shard]), (None, b""))
            saved = saved_tensor_slice_pb2.SavedTensorSlices.FromString(value)
        except (TableError, DecodeError) as error:
            raise CheckpointError(f"{path}: {error}") from error
        if key != b"" or not saved.HasField("meta"):
            raise CheckpointError(
                f"{path} is a table, but not of a checkpoint's variables",
                "give the checkpoint's prefix, its .meta or its folder",
            )
        return saved.meta.tensor

    def _variable(self, name: str) -> Variable:
        places = self.places[name]
        dtype, shape = tf.dtypes.as_dtype(places[0][1].type), shape_of(places[0][1])
        size = dtype.size * int(np.prod(shape, dtype=np.int64))
        slices = sum(len(saved.slice) for _, saved in places)
        shard = places[0][0] if slices == 1 else None
        return Variable(
            name, dtype.name, shape, size, shard, slices=slices if slices > 1 else 0
        )

    def _slice(self, saved, part, shape: tuple[int, ...], shard: int) -> np.ndarray:
        """The value of one slice."""
        try:
            value = value_of(self.tables[shard], slice_key(saved.name, part))
        except TableError as error:
            raise CheckpointError(
                f"{saved.name!r} is damaged: {self.paths[shard]}: {error}"
            ) from error
        data = saved_tensor_slice_pb2.SavedTensorSlices.FromString(value).data.data
        data.dtype = saved.type
        for size in shape:
            data.tensor_shape.dim.add(size=size)
        return tf.make_ndarray(data)


def _mapped(path: Path) -> mmap.mmap | bytes:
    """A file's bytes, read only where they are looked at."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
