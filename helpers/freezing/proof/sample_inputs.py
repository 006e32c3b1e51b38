"""Generate seeded inputs of the types and shapes that a graph accepts."""

import math
import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from helpers.freezing.proof.sample_strings import sample_string

# Sizes for unknown axes, the first axis and all others, in the order they are tried:
# twos, then the sizes that convolutions need, then other fixed batches.
SIZES = (
    *((2, 2), (1, 1), (2, 64), (1, 64), (2, 32), (4, 4), (8, 8), (16, 16)),
    *((32, 32), (64, 64), (128, 128), (1, 224), (1, 299), (3, 3), (5, 5), (10, 10)),
    *((100, 100), (20, 20), (50, 50), (256, 256)),
)
SIZE = re.compile(r"batch|size|num|len|step", re.I)  # names of sizes
PART = re.compile(r"(.+)_\d+")  # the name of a part of a composite input
UNKNOWN = 4  # the size of unknown axes of a sparse input, whose indices are 0 and 1
ELEMENTWISE = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "SquaredDifference")


def sample_inputs(tensors: Sequence[tf.Tensor]) -> Iterator[dict[str, np.ndarray]]:
    """Values for the tensors, by tensor name; try the next if a graph refuses them."""
    ragged = _row_splits(tensors)
    for splits in (ragged, set[str]()) if ragged else (ragged,):
        tried = set()
        for first, others in SIZES:
            shapes = tuple(tuple(_shape(tensor, first, others)) for tensor in tensors)
            if shapes in tried:
                continue
            tried.add(shapes)
            yield {
                tensor.name: _splits(tensor, first)
                if tensor.name in splits
                else _sample(tensor, shape, first)
                for tensor, shape in zip(tensors, shapes, strict=True)
            }


def _row_splits(tensors: Sequence[tf.Tensor]) -> set[str]:
    """The tensors that may be the row splits of a ragged input.

    A signature names the parts of a ragged input `x` as `x`, `x_1`, `x_2`, …
    """
    names = {tensor.op.name for tensor in tensors}
    return {
        tensor.name
        for tensor in tensors
        if tensor.dtype in (tf.int32, tf.int64) and tensor.shape.rank == 1
        if (part := PART.fullmatch(tensor.op.name)) and part[1] in names
    }


def _splits(tensor: tf.Tensor, first: int) -> np.ndarray:
    """Row splits of rows with one value each; `first` values in all."""
    count = tensor.shape[0] or first + 1
    splits = np.minimum(np.arange(count), first)
    splits[-1] = first
    return splits.astype(tensor.dtype.as_numpy_dtype)


def _sample(tensor: tf.Tensor, shape: Sequence[int], first: int) -> np.ndarray:
    """Floats in [0, 1), integers 0 and 1 (uint8: any), True, or strings.

    Args:
      first: the size of first axes; a scalar whose name is that of a size gets it.
    """
    rng = np.random.default_rng(zlib.crc32(tensor.name.encode()))
    dtype = tensor.dtype.base_dtype
    if tensor.op.type == "PlaceholderWithDefault":
        default = tf.get_static_value(tensor.op.inputs[0])
        return np.where(default < 0, UNKNOWN, default)
    if dtype == tf.string:
        count = math.prod(shape)  # np.full would strip trailing zero bytes
        return np.array([sample_string(tensor)] * count, object).reshape(shape)
    if dtype.is_bool:
        return np.ones(shape, bool)
    if dtype.is_floating:
        return rng.random(shape, np.float32).astype(dtype.as_numpy_dtype)
    if dtype.is_complex:
        numbers = rng.random(shape) + 1j * rng.random(shape)
        return numbers.astype(dtype.as_numpy_dtype)
    if not shape:
        return np.array(first if SIZE.search(tensor.name) else 1, dtype.as_numpy_dtype)
    high = 256 if dtype == tf.uint8 else 2
    return rng.integers(0, high, shape).astype(dtype.as_numpy_dtype)


def _shape(tensor: tf.Tensor, first: int, others: int) -> list[int]:
    """The tensor's shape, its unknown axes of these sizes; scalar where it is open."""
    shape = tensor.shape
    if shape.rank is None:
        shape = _recorded_shape(tensor)
    if shape.rank is None:
        shape = _inferred_shape(tensor)
    sizes = () if shape.rank is None else shape
    return [
        (others if axis else first) if size is None else size
        for axis, size in enumerate(sizes)
    ]


def _recorded_shape(tensor: tf.Tensor) -> tf.TensorShape:
    """The shape that the program which wrote the graph recorded at the placeholder."""
    try:
        (shape,) = tensor.op.get_attr("_recorded_shape")
    except ValueError:
        shape = None
    return tf.TensorShape(shape)


def _inferred_shape(tensor: tf.Tensor) -> tf.TensorShape:
    """The shape that one of the tensor's consumers requires."""
    for op in tensor.consumers():
        sizes = [other.shape for other in op.inputs if other is not tensor]
        if op.type in ("Identity", "Cast", "StopGradient", "Placeholder"):
            shape = _inferred_shape(op.outputs[0])
        elif op.type == "MatMul" and sizes and sizes[0].rank == 2:
            rows = 1 if op.get_attr("transpose_b") else 0
            shape = tf.TensorShape([None, sizes[0][rows]])
        elif op.type == "Conv2D" and sizes and sizes[0].rank == 4:
            shape = tf.TensorShape([None, None, None, sizes[0][2]])
        elif op.type == "EnsureShape":
            shape = tf.TensorShape(op.get_attr("shape"))
        elif op.type.startswith("ParseExample"):
            shape = tf.TensorShape([None])
        elif op.type == "Reshape":
            target = tf.get_static_value(op.inputs[1])
            fits = target is not None and tensor is op.inputs[0]
            size = math.prod(n for n in target if n > 0) if fits else None
            shape = tf.TensorShape([None, size] if size else None)
        elif op.type in ELEMENTWISE and sizes and sizes[0].rank:
            shape = tf.TensorShape([None, *sizes[0][-1:]])
        else:
            continue
        if shape.rank is not None:
            return shape
    return tf.TensorShape(None)


def has_open_shape(op: tf.Operation) -> bool:
    """Whether the op's default is a shape with unknown sizes, as sparse inputs have."""
    default = tf.get_static_value(op.inputs[0]) if op.inputs else None
    return default is not None and default.dtype.kind == "i" and (default < 0).any()
