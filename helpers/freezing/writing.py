"""Writes a frozen graph node by node, to a file that gets its name when it is complete.

Serialized messages of a repeated field concatenate: each node is written by itself, and
the values of a weight directly from the checkpoint's reader. So memory never holds a
copy of the whole model.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.framework import node_def_pb2, tensor_pb2

from helpers.freezing.card_completion import describe_source
from helpers.freezing.cleanup_process import cleanup_process
from helpers.freezing.errors import FreezeError
from helpers.freezing.partial_files import partial_file
from helpers.freezing.sources.source import Source
from helpers.graphs.editor import GraphEditor, Weight
from helpers.graphs.fingerprint import Fingerprint
from helpers.graphs.model_card import put_card
from helpers.whole_files import made_folder, sync

# Field numbers of TensorFlow's messages, from tensorflow/core/framework/*.proto.
NODE = 1  # of GraphDef
ATTR = 5  # of NodeDef
KEY, VALUE = 1, 2  # of a map's entry
TENSOR = 8  # of AttrValue
CONTENT = 4  # of TensorProto
SMALL = 1024  # bytes; smaller constants are copied into one message


def choose_place(source: Source, output: str | Path | None) -> Path:
    """Where the frozen graph is written: `output`, or else beside the source.

    The default is `NAME-frozen.pb` where `NAME.pb` is a file of the source, such as
    `saved_model.pb` in a folder called `saved_model`.

    Raises:
      FreezeError: `output` is a file of the source.
    """
    if output is None:
        place = Path(f"{source.name}.pb")
        return place if not _is_of(source, place) else Path(f"{source.name}-frozen.pb")
    if _is_of(source, Path(output)):
        raise FreezeError(
            f"{output} is a file of the model that is to be frozen, and would be lost",
            "choose another place with --output",
        )
    return Path(output)


def _is_of(source: Source, place: Path) -> bool:
    """Whether the path is a file of the source, by whatever name."""
    with suppress(OSError):  # not there, or not to be entered
        return any(place.samefile(file) for file in source.files)
    return False


@contextmanager
def new_files(place: Path, *, with_card: bool) -> Iterator[tuple[Path, Path | None]]:
    """Yield temporary files of a graph and its card, which get their names at the end.

    If an exception is raised, or the process is killed, both are deleted.

    Args:
      with_card: whether the card is a file beside the graph; if not, it is None.
    """
    beside = place.with_suffix(".json") if with_card else None
    with ExitStack() as files:
        # Closed in reverse: the old card is deleted, the graph renamed, then its card.
        # So no graph has another graph's card.
        card = files.enter_context(atomic_write(beside)) if beside else None
        graph = files.enter_context(atomic_write(place, replaces=beside))
        files.enter_context(cleanup_process(graph, card))
        yield graph, card


@contextmanager
def atomic_write(place: Path, *, replaces: Path | None = None) -> Iterator[Path]:
    """Yield a temporary file beside `place`, and rename it to `place` at the end.

    If an exception is raised, the file and the folders made for it are deleted. What
    killed runs left beside `place` is deleted, too.

    Args:
      replaces: the file that describes the one at `place`, such as its card; deleted
        right before `place` is replaced.
    Raises:
      FreezeError: the folder or the file cannot be written.
    """
    try:
        with made_folder(place.parent), partial_file(place) as part:
            yield part
            sync(part)
            if replaces and not place.is_dir():
                replaces.unlink(missing_ok=True)
            os.replace(part, place)
        sync(place.parent)
    except OSError as error:
        raise FreezeError(
            f"{place} cannot be written: {error.strerror or error}",
            "choose another place with --output, or make room there",
        ) from error


def write_model(editor: GraphEditor, path: Path, card: dict) -> dict:
    """Write the graph and its card; return the card with the hashes of both.

    A plain graph is written without its card. Another thread hashes the source's files
    at the same time.
    """
    known = card.get("checkpoint") if editor.context.values is None else None
    with ThreadPoolExecutor(1) as hashing, path.open("wb") as file:
        hashes = None if known else hashing.submit(describe_source, editor.context)
        fingerprint = _write_graph(editor, file)
        # A frozen graph's card knows its checkpoint.
        origin = hashes.result() if hashes else known
        card = card | {"checkpoint": origin, "fingerprint": fingerprint}
        if not card.get("plain"):
            holder = tf1.GraphDef()
            put_card(holder, card)
            _append(file, NODE, holder.node[0])
    return card


def write_card(file: Path, card: dict) -> None:
    """Write a graph's card as JSON."""
    text = json.dumps(card, ensure_ascii=False, indent=1)
    file.write_bytes(f"{text}\n".encode())


def _write_graph(editor: GraphEditor, file: BinaryIO) -> str:
    """Write the graph without its card; return its fingerprint."""
    fingerprint = Fingerprint()
    for node in editor.nodes.values():
        if node.name in editor.weights:
            value = _read(editor.weights[node.name])
            fingerprint.constant(node.name, value, node)
            _write_constant(file, node, value)
        else:
            fingerprint.node(node)
            _append(file, NODE, node)
    for function in editor.functions.values():
        fingerprint.function(function)
    rest = tf1.GraphDef(versions=editor.versions)
    rest.library.function.extend(editor.functions.values())
    file.write(rest.SerializeToString(deterministic=True))
    return fingerprint.hexdigest()


def _read(weight: Weight) -> np.ndarray:
    value = weight.read()
    if value.dtype != object:
        value = np.ascontiguousarray(value, weight.dtype.as_numpy_dtype)
    return value.reshape(weight.shape)


def _append(file: BinaryIO, field: int, message) -> None:
    text = message.SerializeToString(deterministic=True)
    file.write(_head(field, len(text)) + text)


def _write_constant(file: BinaryIO, node, value: np.ndarray) -> None:
    """Write a Const with this value; the bytes of a large value are not copied."""
    if value.dtype == object or value.nbytes < SMALL:
        whole = node_def_pb2.NodeDef()
        whole.CopyFrom(node)
        tensor = tf.make_tensor_proto(value, dtype=node.attr["dtype"].type)
        whole.attr["value"].tensor.CopyFrom(tensor)
        _append(file, NODE, whole)
        return
    tensor = tensor_pb2.TensorProto(dtype=node.attr["dtype"].type)
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    head = tensor.SerializeToString(deterministic=True) + _head(CONTENT, value.nbytes)
    head = _nest(TENSOR, head, value)
    head = _head(KEY, len(b"value")) + b"value" + _nest(VALUE, head, value)
    head = node.SerializeToString(deterministic=True) + _nest(ATTR, head, value)
    file.write(_nest(NODE, head, value))
    file.write(value.reshape(-1).view(np.uint8).data)


def _nest(field: int, inner: bytes, value: np.ndarray) -> bytes:
    """The start of a message that contains `inner` and then the bytes of the value."""
    return _head(field, len(inner) + value.nbytes) + inner


def _head(field: int, size: int) -> bytes:
    """The tag and the length (a varint) of a length-delimited field."""
    text = bytearray([field << 3 | 2])
    while size > 0x7F:
        text.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*text, size])
