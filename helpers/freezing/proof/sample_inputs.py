"""Seeded inputs of the right types and shapes, to prove a frozen graph with."""

import io
import math
import re
import wave
import zlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from PIL import Image

# Sizes to try where a placeholder leaves them open: the first axis, the others.
# Two of everything first; then room for convolutions; then fixed batches.
SIZES = ((2, 2), (1, 1), (2, 64), (1, 64), (2, 32), (4, 4), (8, 8), (16, 16))
SIZES += ((32, 32), (64, 64), (128, 128), (1, 224), (1, 299), (3, 3), (5, 5), (10, 10))
SIZES += ((100, 100), (20, 20), (50, 50), (256, 256))
SIZE = re.compile(r"batch|size|num|len|step", re.I)
UNKNOWN = 4  # a size for a sparse input, whose indices are 0 and 1
ELEMENTWISE = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "SquaredDifference")


def examples(tensors: list[tf.Tensor]) -> Iterator[dict[str, np.ndarray]]:
    """Inputs for the tensors, by name; the next ones where the graph refuses these."""
    tried = set()
    for first, others in SIZES:
        shapes = tuple(tuple(_shape(tensor, first, others)) for tensor in tensors)
        if shapes not in tried:
            tried.add(shapes)
            yield {
                tensor.name: example(tensor, shape, first)
                for tensor, shape in zip(tensors, shapes, strict=True)
            }


def example(tensor: tf.Tensor, shape, first: int = 1) -> np.ndarray:
    """Floats of [0, 1), whole numbers 0 and 1 (bytes: any), True, or texts.

    Args:
      first: the size of first axes, which is what a number called a size is.
    """
    rng = np.random.default_rng(zlib.crc32(tensor.name.encode()))
    dtype = tensor.dtype.base_dtype
    if tensor.op.type == "PlaceholderWithDefault":
        default = tf.get_static_value(tensor.op.inputs[0])
        return np.where(default < 0, UNKNOWN, default)
    if dtype == tf.string:
        count = math.prod(shape)  # np.full would strip trailing zero bytes
        return np.array([_text(tensor)] * count, object).reshape(shape)
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
    known = tensor.shape
    if known.rank is None:
        known = _hinted(tensor) or _wanted(tensor)
    if known.rank is None:
        return []
    return [
        (others if axis else first) if size is None else size
        for axis, size in enumerate(known)
    ]


def _hinted(tensor: tf.Tensor) -> tf.TensorShape | None:
    """The shape that an old program noted beside the placeholder."""
    try:
        (shape,) = tensor.op.get_attr("_noted_shape")
    except ValueError:
        return None
    shape = tf.TensorShape(shape)
    return shape if shape.rank is not None else None


def _wanted(tensor: tf.Tensor) -> tf.TensorShape:
    """The shape that the ops which take the tensor ask for."""
    for op in tensor.consumers():
        sizes = [other.shape for other in op.inputs if other is not tensor]
        if op.type in ("Identity", "Cast", "StopGradient", "Placeholder"):
            shape = _wanted(op.outputs[0])
        elif op.type == "MatMul" and sizes and sizes[0].rank == 2:
            shape = tf.TensorShape(
                [None, sizes[0][1 if op.get_attr("transpose_b") else 0]]
            )
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


def is_open_shape(op: tf.Operation) -> bool:
    """Whether the op's default is a shape with unknown sizes, as sparse inputs have."""
    default = tf.get_static_value(op.inputs[0]) if op.inputs else None
    return default is not None and default.dtype.kind == "i" and (default < 0).any()


def _text(tensor: tf.Tensor) -> bytes:
    """A text that the first op which looks into it can read."""
    readers = {
        "DecodeJpeg": lambda op: _picture("JPEG"),
        "DecodeAndCropJpeg": lambda op: _picture("JPEG"),
        "DecodePng": lambda op: _picture("PNG"),
        "DecodeImage": lambda op: _picture("PNG"),
        "DecodeBmp": lambda op: _picture("BMP"),
        "DecodeGif": lambda op: _picture("GIF"),
        "DecodeWav": lambda op: _sound(),
        "DecodeRaw": lambda op: bytes(8),
        "DecodeBase64": lambda op: b"YQ",
        "StringToNumber": lambda op: b"1",
        "ParseExample": lambda op: _record(op, op.inputs[2 + op.get_attr("Nsparse") :]),
        "ParseExampleV2": _record_v2,
    }
    ahead, seen = list(tensor.consumers()), set()
    for op in ahead:
        if op.type in readers:
            return readers[op.type](op)
        if op.name not in seen:
            seen.add(op.name)
            ahead += [taker for output in op.outputs for taker in output.consumers()]
    for function in tensor.graph.as_graph_def().library.function:
        for node in function.node_def:
            if node.op in readers and not node.op.startswith("Parse"):
                return readers[node.op](node)
    return b"a"


def _picture(kind: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def _sound() -> bytes:
    samples = np.random.default_rng(0).integers(-2000, 2000, 16000, np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def _record_v2(op) -> bytes:
    keys = tf.get_static_value(op.inputs[3])
    return _features(op, [] if keys is None else list(keys))


def _record(op, inputs) -> bytes:
    """A serialized tf.train.Example with every dense feature that the op asks for."""
    keys = [tf.get_static_value(key) for key in inputs[: op.get_attr("Ndense")]]
    return _features(op, [key.item() for key in keys if key is not None])


def _features(op, keys: list[bytes]) -> bytes:
    made = tf.train.Example()
    shapes, types = op.get_attr("dense_shapes"), op.get_attr("Tdense")
    for key, shape, dtype in zip(keys, shapes, types, strict=False):
        size = math.prod(n or 1 for n in tf.TensorShape(shape).as_list())
        feature = made.features.feature[key.decode()]
        if dtype == tf.string:
            feature.bytes_list.value.extend([b"a"] * size)
        elif dtype == tf.int64:
            feature.int64_list.value.extend([1] * size)
        else:
            feature.float_list.value.extend(np.linspace(0, 1, size))
    return made.SerializeToString(deterministic=True)
