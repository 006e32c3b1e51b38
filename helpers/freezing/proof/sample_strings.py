"""Generate strings that the ops of a graph can decode or parse: pictures, examples."""

import io
import math
import wave

import numpy as np
import tensorflow as tf
from PIL import Image


def sample_string(tensor: tf.Tensor) -> bytes:
    """A string that the first op which decodes or parses the tensor accepts."""
    makers = {
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
        "ParseExample": _serialized_example,
        "ParseExampleV2": _serialized_example,
    }
    ahead, seen = list(tensor.consumers()), set()
    for op in ahead:
        if op.type in makers:
            return makers[op.type](op)
        if op.name not in seen:
            seen.add(op.name)
            ahead += [taker for output in op.outputs for taker in output.consumers()]
    for function in tensor.graph.as_graph_def().library.function:
        for node in function.node_def:
            if node.op in makers and not node.op.startswith("Parse"):
                return makers[node.op](node)
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
        sound.setparams((1, 2, 16000, 0, "NONE", ""))  # mono, 2 bytes, 16 kHz
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def _serialized_example(op: tf.Operation) -> bytes:
    """A serialized tf.train.Example with every dense feature that the op parses."""
    if op.type == "ParseExampleV2":
        keys = tf.get_static_value(op.inputs[3])
        keys = [] if keys is None else list(keys)
    else:
        inputs = op.inputs[2 + op.get_attr("Nsparse") :][: op.get_attr("Ndense")]
        names = map(tf.get_static_value, inputs)
        keys = [name.item() for name in names if name is not None]
    example = tf.train.Example()
    shapes, types = op.get_attr("dense_shapes"), op.get_attr("Tdense")
    values = op.outputs[len(op.outputs) - len(types) :]  # the dense features' come last
    if op.type == "ParseExampleV2":  # here the ragged ones' do
        first = 3 * op.get_attr("num_sparse")
        values = op.outputs[first : first + len(types)]
    for key, shape, dtype, value in zip(keys, shapes, types, values, strict=False):
        size = math.prod(n or 1 for n in tf.TensorShape(shape).as_list())
        feature = example.features.feature[key.decode()]
        if dtype == tf.string:
            feature.bytes_list.value.extend([sample_string(value)] * size)
        elif dtype == tf.int64:
            feature.int64_list.value.extend([1] * size)
        else:
            feature.float_list.value.extend(np.linspace(0, 1, size))
    return example.SerializeToString(deterministic=True)
