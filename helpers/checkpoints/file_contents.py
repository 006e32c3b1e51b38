"""Recognise a file by its content, whatever its name, and read its graphs."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow.compat.v1 as tf1
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message
from tensorflow.core.protobuf import saved_model_pb2

from helpers.checkpoints.tables import MAGIC, TableError
from helpers.checkpoints.wire_format import BYTES, VARINT, fields

MESSAGES = {
    "GraphDef": tf1.GraphDef,
    "MetaGraphDef": tf1.MetaGraphDef,
    "SavedModel": saved_model_pb2.SavedModel,
}
FIRST_FIELDS = {  # in a message's text form
    "SavedModel": ("saved_model_schema_version", "meta_graphs"),
    "MetaGraphDef": (
        *("meta_info_def", "graph_def", "saver_def"),
        *("collection_def", "signature_def", "asset_file_def"),
    ),
    "GraphDef": ("node", "library", "versions", "version"),
}
READS_KERAS = "(`python -m helpers freeze` reads Keras models)"
OTHERS = {  # first bytes -> kind, and what it is
    b"\x89HDF": ("Keras", f"a Keras or HDF5 file {READS_KERAS}"),
    b"PK\x03\x04": ("Keras", f"a zip {READS_KERAS}"),
    b"\x80": ("pickle", "a Python pickle"),
}
SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
LITE = b"TFL3"  # bytes 4 to 8
NO_GRAPH = "damaged, cut short, or no graph file"


class StoredGraph(NamedTuple):
    """One graph of a file; `meta` is the MetaGraphDef around it, if any."""

    label: str  # a SavedModel's tags, else empty
    graph_def: tf1.GraphDef
    meta: tf1.MetaGraphDef | None


class Content(NamedTuple):
    """What a file holds; `message` and `graphs` only if it is a graph file."""

    kind: str  # a key of MESSAGES, or "Keras", "table", "pickle", …; "" if unknown
    what: str  # the same for an error message: "a Python pickle, not a graph"
    message: Message | None = None
    graphs: tuple[StoredGraph, ...] = ()
    is_text: bool = False
    path: Path = Path()


def saved_model_file(folder: Path) -> Path | None:
    """The file of a folder that makes it a SavedModel, if there is one."""
    paths = (folder / name for name in SAVED_MODEL_FILES)
    return next((path for path in paths if path.is_file()), None)


def read_graph_file(path: Path | str) -> Content:
    """The content of a `.meta`, `.pb` or SavedModel, its folder included.

    Raises:
      ValueError: it holds no graph; the message says what it is instead.
      OSError: it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        if not (file := saved_model_file(path)):
            names = " or ".join(SAVED_MODEL_FILES)
            raise ValueError(f"{path} is a folder without {names}")
        path = file
    content = content_of(path)
    if content.message is None:
        raise ValueError(f"{path} is {content.what}")
    return content._replace(path=path)


def content_of(path: Path | str) -> Content:
    """What the file holds; without its path.

    Raises:
      OSError: it cannot be read.
    """
    data = Path(path).read_bytes()
    if not data:
        return Content("empty", "empty")
    for first, (kind, what) in OTHERS.items():
        if data.startswith(first):
            return Content(kind, f"{what}, not a graph")
    if data[4:8] == LITE:
        return Content("TensorFlow Lite", "a TensorFlow Lite model, not a graph")
    if data.endswith(MAGIC):
        what = "a table of variables, not a graph; the graph is in the .meta"
        return Content("table", what)
    return _text(data) if _is_text(data) else _binary(data)


def _is_text(data: bytes) -> bool:
    """Whether a file begins with printable characters, as no binary message does."""
    start = data[:200]
    try:
        # The start may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    control = set(range(32)) - set(b"\t\r\n") | {127}
    return control.isdisjoint(start)


def _text(data: bytes) -> Content:
    kind = next((kind for kind in FIRST_FIELDS if _begins(data, kind)), None)
    if kind is None:
        start = data[:40].decode("utf-8", "replace").splitlines()[0]
        return Content("text", f"a text that begins {start!r}, not a graph")
    message = MESSAGES[kind]()
    try:
        text_format.Parse(data, message, allow_unknown_field=True)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        return Content("", f"no readable {kind}: {str(error).splitlines()[0]}")
    return _checked(kind, message, is_text=True)


def _begins(data: bytes, kind: str) -> bool:
    """Whether the first field of a text is one of this kind of message."""
    pattern = rf"^\s*(#.*\s*)*({'|'.join(FIRST_FIELDS[kind])})\s*[:{{<]"
    return bool(re.match(pattern.encode(), data))


def _binary(data: bytes) -> Content:
    try:
        found = Counter((field.number, field.kind) for field in fields(data))
    except TableError:
        return Content("", NO_GRAPH)
    if (1, VARINT) in found:
        return _parsed("SavedModel", data)
    if found[1, BYTES] <= 1:  # a MetaGraphDef, or a GraphDef of one node
        content = _parsed("MetaGraphDef", data)
        if content.kind:
            return content
    return _parsed("GraphDef", data)


def _parsed(kind: str, data: bytes) -> Content:
    try:
        return _checked(kind, MESSAGES[kind].FromString(data), is_text=False)
    except DecodeError:
        return Content("", f"no readable {kind}: damaged or cut short")


def _checked(kind: str, message: Message, *, is_text: bool) -> Content:
    """The content, if each of the message's graphs has nodes with names and ops."""
    graphs = tuple(_graphs_in(kind, message))
    if graphs and all(_is_complete(graph.graph_def) for graph in graphs):
        return Content(kind, f"a {kind}", message, graphs, is_text)
    return Content("", "no graph file, or its graph has no node")


def _graphs_in(kind: str, message) -> Iterator[StoredGraph]:
    if kind == "GraphDef":
        yield StoredGraph("", message, None)
    elif kind == "MetaGraphDef":
        yield StoredGraph("", message.graph_def, message)
    else:
        for meta in message.meta_graphs:
            tags = ",".join(meta.meta_info_def.tags)
            yield StoredGraph(tags, meta.graph_def, meta)


def _is_complete(graph_def: tf1.GraphDef) -> bool:
    nodes = graph_def.node
    return bool(nodes) and all(node.name and node.op for node in nodes)
