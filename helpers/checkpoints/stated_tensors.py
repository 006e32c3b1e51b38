"""Checks what a checkpoint states of its tensors, before memory is allocated for them.

The checksums of a file do not say that what is in it makes sense: whoever writes the
file writes the checksums as well.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from helpers.graphs.wiring import is_type

WITHOUT_VALUES = ("resource", "variant")  # types that only TensorFlow itself can read
MOST_SHARDS = 99_999  # their names have five digits
LARGEST = 2**63 - 1  # elements, and bytes: TensorFlow counts them in int64


def index_fault(header, entries: Mapping[bytes, Any]) -> str | None:
    """What an `.index` states that cannot be; None: nothing.

    Args:
      header: its BundleHeaderProto.
      entries: its BundleEntryProtos, by key.
    """
    if header.num_shards > MOST_SHARDS:
        return f"it states {header.num_shards:,} files of values"
    for key, entry in entries.items():
        fault = tensor_fault(entry.dtype, entry.shape)
        if entry.slices:
            fault = fault or slices_fault(shape_of(entry), entry.slices)
        if not 0 <= entry.shard_id < header.num_shards:
            fault = fault or f"is in the file {entry.shard_id}, which does not exist"
        if min(entry.offset, entry.size) < 0:
            fault = fault or "is at no place of a file"
        if not key.startswith(b"\0") and not _is_text(key):
            fault = fault or "has a name that is not UTF-8"
        if fault:
            return f"{_name_in(key)} {fault}"
    return None


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def _name_in(key: bytes) -> str:
    """The name in a key, for a message; in that of a slice, its variable's."""
    name = key.removeprefix(b"\0").partition(b"\0")[0]
    return repr(name.decode("utf-8", "backslashreplace"))


def shape_of(entry) -> tuple[int, ...]:
    """The shape in a message that describes a tensor, such as a BundleEntryProto."""
    return tuple(dim.size for dim in entry.shape.dim)


def tensor_fault(dtype: int, shape) -> str | None:
    """Why no tensor has this type and shape; None: one may.

    Args:
      dtype: a number of TensorFlow's DataType.
      shape: a TensorShapeProto.
    """
    if not is_type(dtype):
        return f"has the type number {dtype}, which TensorFlow does not have"
    sizes = [dim.size for dim in shape.dim]
    if shape.unknown_rank or any(size < 0 for size in sizes):
        return "has a shape that is not known"
    if math.prod(sizes) * max(tf.as_dtype(dtype).size or 0, 1) > LARGEST:
        return f"has the shape {sizes}, of more elements than TensorFlow can count"
    return None


def slices_fault(shape: Sequence[int], parts: Iterable) -> str | None:
    """Why a variable of this shape is not made of these slices; None: it may be.

    Args:
      parts: TensorSliceProtos.
    """
    volume = 0
    for part in parts:
        sizes = slice_shape(shape, part)
        if sizes is None:
            return f"has a slice that is not within its shape {[*shape]}"
        volume += math.prod(sizes)
    if volume != math.prod(shape):
        return f"has slices of {volume:,} of its {math.prod(shape):,} elements"
    return None


def slice_shape(shape: Sequence[int], part) -> tuple[int, ...] | None:
    """The shape of a slice; None: it is not within the shape of its variable."""
    if len(part.extent) != len(shape):
        return None
    sizes = []
    for extent, whole in zip(part.extent, shape, strict=True):
        is_part = extent.HasField("length")  # else the whole axis
        start, length = (extent.start, extent.length) if is_part else (0, whole)
        if start < 0 or length < 0 or start + length > whole:
            return None
        sizes.append(length)
    return tuple(sizes)
