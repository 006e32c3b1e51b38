"""Read the variables of a V1 checkpoint: tables that hold the values themselves."""

import math
import mmap
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

from helpers.checkpoints.bundles import (
    CheckpointError,
    Variable,
    numpy_type,
)
from helpers.checkpoints.stated_tensors import (
    WITHOUT_VALUES,
    shape_of,
    slices_fault,
    tensor_fault,
)
from helpers.checkpoints.tables import Data, TableError, read_table, value_of
from helpers.checkpoints.tensor_slices import numpy_index, slice_key


class V1Checkpoint:
    """The variables in one table, or in several: `-00000-of-00002` and so on.

    Raises:
      CheckpointError: a table is damaged, or is not of variables.
    """

    def __init__(self, paths: list[Path]):
        self.paths = paths
        self.tables = [_mapped(path) for path in paths]
        self.stored: dict[str, list] = {}  # name -> (shard, SavedSliceMeta)
        for shard, path in enumerate(paths):
            for saved in _contents(path, self.tables[shard]):
                self.stored.setdefault(saved.name, []).append((shard, saved))

    def variables(self) -> list[Variable]:
        """Every variable, sorted by name, without offset and checksum."""
        return [self._variable(name) for name in sorted(self.stored)]

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value.

        Args:
          check: without effect; the checksums of the table's blocks are always
            compared.
        Raises:
          KeyError: there is no such variable.
          CheckpointError: its bytes are missing or damaged.
        """
        first = self.stored[name][0][1]
        if fault := self._fault(name):
            raise CheckpointError(f"{name!r} is damaged: it {fault}")
        value = np.empty(shape_of(first), numpy_type(first.type))
        for shard, saved in self.stored[name]:
            for part in saved.slice:
                index = numpy_index(part)
                value[index] = self._slice(saved, part, value[index].shape, shard)
        return value

    def _fault(self, name: str) -> str | None:
        """What is stated of a variable and cannot be; None: nothing."""
        stored = [saved for _, saved in self.stored[name]]
        shape = shape_of(stored[0])
        if any((one.type, shape_of(one)) != (stored[0].type, shape) for one in stored):
            return "has several types or shapes"
        if math.prod(shape) > sum(map(len, self.tables)):  # a byte each, at least
            return f"has the shape {[*shape]}, of more elements than its files hold"
        return slices_fault(shape, [part for one in stored for part in one.slice])

    def _variable(self, name: str) -> Variable:
        shard, first = self.stored[name][0]
        dtype, shape = tf.dtypes.as_dtype(first.type), shape_of(first)
        size = dtype.size * int(np.prod(shape, dtype=np.int64))
        slices = sum(len(saved.slice) for _, saved in self.stored[name])
        if slices == 1:
            return Variable(name, dtype.name, shape, size, shard)
        return Variable(name, dtype.name, shape, size, slices=slices)

    def _slice(self, saved, part, shape: tuple[int, ...], shard: int) -> np.ndarray:
        """The value of one slice."""
        try:
            value = value_of(self.tables[shard], slice_key(saved.name, part))
        except TableError as error:
            raise CheckpointError(
                f"{saved.name!r} is damaged: {self.paths[shard]}: {error}"
            ) from error
        try:
            data = SavedTensorSlices.FromString(value).data.data
            data.dtype = saved.type
            data.tensor_shape.Clear()
            for size in shape:
                data.tensor_shape.dim.add(size=size)
            return tf.make_ndarray(data)
        except (DecodeError, OverflowError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{saved.name!r} is damaged: its values do not fit its type and shape"
            ) from error


def _contents(path: Path, table: Data):
    """The SavedSliceMeta of each variable, stored under the empty key."""
    try:
        key, value = next(read_table(table), (None, b""))
        saved = SavedTensorSlices.FromString(value)
    except (TableError, DecodeError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    if key != b"" or not saved.HasField("meta"):
        raise CheckpointError(
            f"{path} is a table, but not of a checkpoint's variables",
            "give the checkpoint's prefix, its .meta or its folder",
        )
    for one in saved.meta.tensor:
        fault = tensor_fault(one.type, one.shape)
        if not fault and tf.as_dtype(one.type).name in WITHOUT_VALUES:
            fault = "is of a type that this format does not hold"
        if fault:
            raise CheckpointError(f"{path} is damaged: {one.name!r} {fault}")
    return saved.meta.tensor


def _mapped(path: Path) -> Data:
    """The file's bytes, memory-mapped unless it is empty."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
