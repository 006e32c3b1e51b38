"""Read a GraphDef's file with its large constants left apart.

TensorFlow copies a constant five times on its way from a file into a session. What is
to run once is quicker with placeholders in their place, fed from the file's bytes.
"""

import math
import mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.framework import node_def_pb2, tensor_pb2

from helpers.checkpoints.wire_format import BYTES, Field, fields

LARGE = 2**20  # bytes; smaller constants stay in the graph
NODE = 1  # a field of GraphDef
CONTENT_PATH = (5, 2, 8, 4)  # attribute, its value, the tensor, its bytes
ALIGNMENT = 64  # of tensors: TensorFlow would copy others


class MappedGraph(NamedTuple):
    """A graph, and what its placeholders for large constants have to be fed."""

    graph_def: tf1.GraphDef
    constants: dict[str, np.ndarray]  # by tensor name


class Pieces(NamedTuple):
    """A message without its largest field; what is left is a message too."""

    rest: bytes
    largest: Field | None


def map_graph(path: Path, large: int = LARGE) -> MappedGraph:
    """The GraphDef in a binary file, its large constants as arrays.

    Raises:
      TableError: the file is cut short.
      google.protobuf.message.DecodeError: it holds no GraphDef.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rest, constants, made = [], {}, []
    for field in fields(data):
        lifted = None
        if (field.number, field.kind) == (NODE, BYTES) and _size(field) >= large:
            lifted = _lifted(data, field)
        if lifted:
            node, value = lifted
            made.append(node)
            constants[f"{node.name}:0"] = value
        else:
            rest.append(data[field.head : field.end])
    graph_def = tf1.GraphDef.FromString(b"".join(rest))
    graph_def.node.extend(made)
    return MappedGraph(graph_def, constants)


def _lifted(data, field: Field):
    """A placeholder for the constant in this field, and its value; None: no constant.

    A constant that waits for others stays: in a loop, its place is in a frame.
    """
    rests = []
    for number in CONTENT_PATH:
        rest, field = _without_largest(data, field)
        if field is None or (field.number, field.kind) != (number, BYTES):
            return None
        rests.append(rest)
    node = node_def_pb2.NodeDef.FromString(rests[0])
    tensor = tensor_pb2.TensorProto.FromString(rests[-1])
    dtype, shape = tf.as_dtype(tensor.dtype), tensor.tensor_shape
    sizes = [dim.size for dim in shape.dim]
    if node.op != "Const" or node.input or _size(field) != _bytes(dtype, sizes):
        return None
    made = node_def_pb2.NodeDef(name=node.name, op="Placeholder")
    made.attr["dtype"].type = tensor.dtype
    made.attr["shape"].shape.CopyFrom(shape)
    return made, _aligned(data, field).view(dtype.as_numpy_dtype).reshape(sizes)


def _bytes(dtype: tf.DType, sizes: list[int]) -> int:
    return dtype.size * math.prod(sizes)


def _without_largest(data, field: Field) -> Pieces:
    found = list(fields(data, field.start, field.end))
    largest = max(found, key=_size, default=None)
    others = (data[f.head : f.end] for f in found if f is not largest)
    return Pieces(b"".join(others), largest)


def _size(field: Field) -> int:
    return field.end - field.start


def _aligned(data, content: Field) -> np.ndarray:
    """The bytes of the field, where TensorFlow takes them as they are."""
    room = np.empty(_size(content) + ALIGNMENT, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    array = room[first : first + _size(content)]
    array[:] = np.frombuffer(data, np.uint8, _size(content), content.start)
    return array
