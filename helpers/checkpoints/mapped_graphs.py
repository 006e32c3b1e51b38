"""Read a GraphDef's file without copying its large constants into the graph.

TensorFlow copies a constant five times on its way from a file into a session. For a
graph that runs once it is quicker to replace the constants by placeholders, and to feed
these from the file's bytes.
"""

import math
import mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.framework.tensor_pb2 import TensorProto

from helpers.checkpoints.tables import Data
from helpers.checkpoints.wire_format import BYTES, Field, fields

LARGE = 2**20  # bytes; smaller constants stay in the graph
NODE = 1  # a field of GraphDef
CONTENT_PATH = (5, 2, 8, 4)  # attribute, its value, the tensor, its bytes
ALIGNMENT = 64  # bytes; TensorFlow copies tensors that are not so aligned


class MappedGraph(NamedTuple):
    """A graph, and the values to feed to the placeholders for large constants."""

    graph_def: tf1.GraphDef
    constants: dict[str, np.ndarray]  # by tensor name


def map_graph(path: Path, large: int = LARGE) -> MappedGraph:
    """The GraphDef in a binary file, its large constants as arrays.

    Args:
      large: the size in bytes from which a constant becomes a placeholder.
    Raises:
      TableError: the file is cut short.
      google.protobuf.message.DecodeError: it holds no GraphDef.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rest, constants, placeholders = [], {}, []
    for field in fields(data):
        is_large = (field.number, field.kind) == (NODE, BYTES) and field.size >= large
        if is_large and (replaced := _replaced(data, field)):
            placeholder, value = replaced
            placeholders.append(placeholder)
            constants[f"{placeholder.name}:0"] = value
        else:
            rest.append(data[field.head : field.end])
    graph_def = tf1.GraphDef.FromString(b"".join(rest))
    graph_def.node.extend(placeholders)
    return MappedGraph(graph_def, constants)


def _replaced(data: Data, field: Field) -> tuple[tf1.NodeDef, np.ndarray] | None:
    """A placeholder for the constant in this field, and its value.

    None for other nodes, and for a constant with control inputs: in a while loop these
    determine its frame, which a placeholder would not be in.
    """
    rests = []  # of each message on the way to the tensor's bytes, all other fields
    for number in CONTENT_PATH:
        found = list(fields(data, field.start, field.end))
        largest = max(found, key=lambda field: field.size, default=None)
        if largest is None or (largest.number, largest.kind) != (number, BYTES):
            return None
        rests.append(b"".join(data[f.head : f.end] for f in found if f is not largest))
        field = largest
    node = tf1.NodeDef.FromString(rests[0])
    tensor = TensorProto.FromString(rests[-1])
    dtype, shape = tf.as_dtype(tensor.dtype), tensor.tensor_shape
    sizes = [dim.size for dim in shape.dim]
    is_stored_whole = field.size == dtype.size * math.prod(sizes)
    if node.op != "Const" or node.input or not is_stored_whole:
        return None
    placeholder = tf1.NodeDef(name=node.name, op="Placeholder")
    placeholder.attr["dtype"].type = tensor.dtype
    placeholder.attr["shape"].shape.CopyFrom(shape)
    return placeholder, _aligned(data, field).view(dtype.as_numpy_dtype).reshape(sizes)


def _aligned(data: Data, field: Field) -> np.ndarray:
    """The bytes of the field, copied to an address that is a multiple of ALIGNMENT."""
    room = np.empty(field.size + ALIGNMENT, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    array = room[first : first + field.size]
    array[:] = np.frombuffer(data, np.uint8, field.size, field.start)
    return array
