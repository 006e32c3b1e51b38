"""Read a file that holds graphs, known by its content and not by its name.

`.meta` (MetaGraphDef), `.pb` (GraphDef, binary or text), SavedModel or its folder.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from helpers.reading.tables import MAGIC, TableError, read_varint

tf1 = tf.compat.v1

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
MESSAGES = {
    "GraphDef": tf1.GraphDef,
    "MetaGraphDef": tf1.MetaGraphDef,
    "SavedModel": saved_model_pb2.SavedModel,
}
FIRST_FIELDS = {  # of the text form
    "SavedModel": ("saved_model_schema_version", "meta_graphs"),
    "MetaGraphDef": (
        *("meta_info_def", "graph_def", "saver_def"),
        *("collection_def", "signature_def", "asset_file_def"),
    ),
    "GraphDef": ("node", "library", "versions", "version"),
}
OTHERS = {  # first bytes -> what it is
    b"\x89HDF": "a Keras or HDF5 file (`python -m helpers freeze` reads Keras models)",
    b"PK\x03\x04": "a zip (`python -m helpers freeze` reads Keras models)",
    b"\x80": "a Python pickle",
}
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # protobuf's wire types


class StoredGraph(NamedTuple):
    """One graph of a file; `meta` is the MetaGraphDef around it, if any."""

    label: str  # a SavedModel's tags, else empty
    graph_def: tf1.GraphDef
    meta: tf1.MetaGraphDef | None


class GraphFile(NamedTuple):
    """What a file turned out to be, and its graphs."""

    path: Path
    kind: str  # a key of MESSAGES
    is_text: bool
    graphs: tuple[StoredGraph, ...]


def read_graph_file(path: Path) -> GraphFile:
    """The graphs in a `.meta`, `.pb` or SavedModel, its folder included.

    Raises:
      ValueError: it holds no graph; the message says what it is instead.
      OSError: it cannot be read.
    """
    path = _file_in(Path(path))
    data = path.read_bytes()
    kind, is_text = _kind_of(path, data)
    graphs = tuple(_graphs_of(_parse(path, data, kind, is_text), kind))
    if not any(graph.graph_def.node for graph in graphs):
        raise ValueError(f"{path} is no graph file, or its graph has no node")
    return GraphFile(path, kind, is_text, graphs)


def is_saved_model(folder: Path) -> bool:
    """Whether a folder is a SavedModel's."""
    return any((folder / name).is_file() for name in SAVED_MODEL_FILES)


def _file_in(path: Path) -> Path:
    """The file itself, or the one that makes a folder a SavedModel."""
    if not path.is_dir():
        return path
    for name in SAVED_MODEL_FILES:
        if (path / name).is_file():
            return path / name
    raise ValueError(f"{path} is a folder without {' or '.join(SAVED_MODEL_FILES)}")


def _kind_of(path: Path, data: bytes) -> tuple[str, bool]:
    """Which message a file holds, and whether as text."""
    if not data:
        raise ValueError(f"{path} is empty")
    for first, what in OTHERS.items():
        if data.startswith(first):
            raise ValueError(f"{path} is {what}, not a graph")
    if data.endswith(MAGIC):
        raise ValueError(
            f"{path} is a table of variables, not a graph; the graph is in the .meta"
        )
    if _is_text(data):
        return _text_kind(path, data), True
    return _binary_kind(path, data), False


def _is_text(data: bytes) -> bool:
    """Whether a file begins with printable characters; binary messages do not."""
    start = data[:200]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # its end may be cut
    except UnicodeDecodeError:
        return False
    control = set(range(32)) - set(b"\t\r\n") | {127}
    return control.isdisjoint(start)


def _text_kind(path: Path, data: bytes) -> str:
    for kind, fields in FIRST_FIELDS.items():
        pattern = rf"^\s*(#.*\s*)*({'|'.join(fields)})\s*[:{{<]"
        if re.match(pattern.encode(), data):
            return kind
    start = data[:40].decode("utf-8", "replace").splitlines()[0]
    raise ValueError(f"{path} is a text that begins {start!r}, not a graph")


def _binary_kind(path: Path, data: bytes) -> str:
    """The message that a file's outermost fields belong to."""
    try:
        fields = Counter(_fields(data))
    except TableError:
        raise ValueError(f"{path} is damaged, cut short, or no graph file") from None
    if (1, VARINT) in fields:
        return "SavedModel"
    if fields[1, BYTES] > 1 or not _is_meta_graph(data):
        return "GraphDef"
    return "MetaGraphDef"


def _fields(data: bytes) -> Iterator[tuple[int, int]]:
    """Number and wire type of a message's outermost fields, contents skipped."""
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        length = {FIXED64: 8, FIXED32: 4}.get(tag & 7, 0)
        if tag & 7 == VARINT:
            _, position = read_varint(data, position)
        elif tag & 7 == BYTES:
            length, position = read_varint(data, position)
        elif not length:
            raise TableError(f"no field at byte {position}")
        position += length
        if position > len(data):
            raise TableError(f"a field goes beyond byte {len(data)}")
        yield tag >> 3, tag & 7


def _is_meta_graph(data: bytes) -> bool:
    """Whether a MetaGraphDef is found in a file that could also be a small GraphDef."""
    try:
        nodes = tf1.MetaGraphDef.FromString(data).graph_def.node
    except DecodeError:
        return False
    return bool(nodes) and all(node.name and node.op for node in nodes)


def _parse(path: Path, data: bytes, kind: str, is_text: bool):
    """The message in a file's bytes."""
    message = MESSAGES[kind]()
    try:
        if is_text:
            text_format.Parse(data, message, allow_unknown_field=True)
        else:
            message.ParseFromString(data)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        cause = str(error).splitlines()[0] if is_text else "damaged or cut short"
        raise ValueError(f"{path} is no readable {kind}: {cause}") from error
    return message


def _graphs_of(message, kind: str) -> Iterator[StoredGraph]:
    if kind == "GraphDef":
        yield StoredGraph("", message, None)
    elif kind == "MetaGraphDef":
        yield StoredGraph("", message.graph_def, message)
    else:
        for meta in message.meta_graphs:
            tags = ",".join(meta.meta_info_def.tags)
            yield StoredGraph(tags, meta.graph_def, meta)
