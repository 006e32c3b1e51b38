"""Write a frozen graph node by node, beside its place, and move it there when proven.

The messages of a repeated field concatenate: each node is written by itself, and the
values of a weight straight from the checkpoint's reader, so that no copy of the whole
model is ever in memory.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.framework import node_def_pb2, tensor_pb2

from helpers.freezing.card_completion import card_node, origin
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.graphs.editor import GraphEditor
from helpers.graphs.fingerprint import Fingerprint

NODE, FUNCTIONS, VERSIONS = 1, 2, 4  # fields of GraphDef
ATTR = 5  # of NodeDef
KEY, VALUE = 1, 2  # of a map's entry
TENSOR = 8  # of AttrValue
CONTENT = 4  # of TensorProto


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """A file beside `place`, moved there once on the disk, gone if anything fails."""
    made = _make_folder(place.parent)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        yield part
        _sync(part)
        os.replace(part, place)
        _sync(place.parent)
    except BaseException as error:
        with suppress(PermissionError):  # a closed folder: nothing came into it
            part.unlink(missing_ok=True)
        for folder in made:
            folder.rmdir()
        if isinstance(error, OSError):
            raise _unwritable(place, error) from error
        raise


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder; what was made, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return missing


def _unwritable(place: Path, error: OSError) -> FreezeError:
    return FreezeError(
        f"{place} cannot be written: {error.strerror or error}",
        "choose another place with --output, or make room there",
    )


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(editor: GraphEditor, path: Path, fingerprint: Fingerprint) -> None:
    """Write the graph without its card, and take its fingerprint on the way."""
    with path.open("wb") as file:
        for node in editor.nodes.values():
            if node.name in editor.weights:
                value = _value(editor.weights[node.name])
                fingerprint.constant(node.name, value, node)
                write_constant(file, node, value)
            else:
                fingerprint.node(node)
                append(file, NODE, node)
        for function in editor.functions.values():
            fingerprint.function(function)
        rest = tf1.GraphDef(versions=editor.versions)
        rest.library.function.extend(editor.functions.values())
        file.write(rest.SerializeToString(deterministic=True))


def write_model(editor: GraphEditor, path: Path, card: dict) -> dict:
    """Write the graph and its card; the card with the hashes of both.

    The source's files are hashed in another thread meanwhile.
    """
    with ThreadPoolExecutor(1) as hashing:
        hashes = hashing.submit(origin, editor.context)
        fingerprint = Fingerprint()
        write(editor, path, fingerprint)
        card = card | {
            "checkpoint": hashes.result(),
            "fingerprint": fingerprint.hexdigest(),
        }
    append_node(path, card_node(card))
    return card


def append_node(path: Path, node) -> None:
    """Write one more node to the end of a GraphDef's file."""
    with path.open("ab") as file:
        append(file, NODE, node)


def _value(weight: Weight) -> np.ndarray:
    value = weight.read()
    if value.dtype != object:
        value = np.ascontiguousarray(value, weight.dtype.as_numpy_dtype)
    return value.reshape(weight.shape)


def append(file: BinaryIO, field: int, message) -> None:
    text = message.SerializeToString(deterministic=True)
    file.write(_head(field, len(text)) + text)


def write_constant(file: BinaryIO, node, value: np.ndarray) -> None:
    """Write a Const with this value, its bytes uncopied."""
    if value.dtype == object or value.nbytes < 1024:
        whole = node_def_pb2.NodeDef()
        whole.CopyFrom(node)
        tensor = tf.make_tensor_proto(value, dtype=node.attr["dtype"].type)
        whole.attr["value"].tensor.CopyFrom(tensor)
        append(file, NODE, whole)
        return
    tensor = tensor_pb2.TensorProto(dtype=node.attr["dtype"].type)
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    head = tensor.SerializeToString(deterministic=True) + _head(CONTENT, value.nbytes)
    head = _over(TENSOR, head, value)
    head = _head(KEY, len(b"value")) + b"value" + _over(VALUE, head, value)
    head = node.SerializeToString(deterministic=True) + _over(ATTR, head, value)
    file.write(_over(NODE, head, value))
    file.write(value.reshape(-1).view(np.uint8).data)


def _over(field: int, inner: bytes, value: np.ndarray) -> bytes:
    """The head of a message that holds `inner` and, right behind it, the value."""
    return _head(field, len(inner) + value.nbytes) + inner


def _head(field: int, size: int) -> bytes:
    """A length-delimited field's tag and length."""
    return bytes([field << 3 | 2]) + _varint(size)


def _varint(number: int) -> bytes:
    text = bytearray()
    while number > 0x7F:
        text.append(number & 0x7F | 0x80)
        number >>= 7
    text.append(number)
    return bytes(text)
