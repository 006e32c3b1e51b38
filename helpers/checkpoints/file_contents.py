"""Recognise a file by its content, whatever its name, and read its graphs."""

import codecs
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import tensorflow.compat.v1 as tf1
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message
from tensorflow.core.protobuf import saved_model_pb2

from helpers.checkpoints.graph_damage import damage_of
from helpers.checkpoints.tables import MAGIC, TableError
from helpers.checkpoints.wire_format import BYTES, VARINT, fields
from helpers.foreign.files import refuse_kind
from helpers.foreign.texts import printable

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
DAMAGED = "damaged"  # the kind of a graph that cannot be whole
NO_GRAPH = "damaged, cut short, or no graph file"
LARGEST = 2**31 - 1  # bytes of a protobuf message
TOO_LARGE = "protobuf's messages, as graphs are, have less than 2 GiB"
MOST_FIELDS = 1_000_000  # outermost ones, such as the nodes of a graph


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
      ValueError: it is no regular file, as a pipe or a device is not, or needs more
        memory than is free.
    """
    path = Path(path)
    refuse_kind(path, path.stat().st_mode)
    try:
        with path.open("rb") as file:
            if known := _known(file):
                return known
            # Python allocates as many bytes as are asked for, whatever the file has.
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, LARGEST) + 1)
        if len(data) > LARGEST:
            return Content("", f"no graph: {TOO_LARGE}")
        return _text(data) if _is_text(data) else _binary(data)
    except MemoryError as error:
        place = printable(str(path))
        raise ValueError(
            f"{place} does not fit into the memory that is free"
        ) from error


def _known(file: BinaryIO) -> Content | None:
    """The content of a file that its first or last bytes tell to be no graph."""
    start = file.read(len(LITE) + 4)
    if not start:
        return Content("empty", "empty")
    for first, (kind, what) in OTHERS.items():
        if start.startswith(first):
            return Content(kind, f"{what}, not a graph")
    if start[4:] == LITE:
        return Content("TensorFlow Lite", "a TensorFlow Lite model, not a graph")
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - len(MAGIC), 0))
    if file.read() == MAGIC:
        what = "a table of variables, not a graph; the graph is in the .meta"
        return Content("table", what)
    if size > LARGEST:
        return Content("", f"no graph: {TOO_LARGE}")
    file.seek(0)
    return None


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
        lines = data[:40].decode("utf-8", "replace").splitlines()
        start = next(iter(lines), "")
        return Content("text", f"a text that begins {start!r}, not a graph")
    message = MESSAGES[kind]()
    try:
        text_format.Parse(data, message, allow_unknown_field=True)
    except RecursionError:
        return Content("", f"no readable {kind}: its messages are nested too deep")
    except (text_format.ParseError, ValueError, TypeError) as error:
        reason = printable(next(iter(str(error).splitlines()), type(error).__name__))
        return Content("", f"no readable {kind}: {reason}")
    return _checked(kind, message, is_text=True)


def _begins(data: bytes, kind: str) -> bool:
    """Whether the first field of a text is one of this kind of message."""
    pattern = rf"^\s*(#.*\s*)*({'|'.join(FIRST_FIELDS[kind])})\s*[:{{<]"
    return bool(re.match(pattern.encode(), data))


def _binary(data: bytes) -> Content:
    try:
        outermost = islice(fields(data), MOST_FIELDS + 1)
        found = Counter((field.number, field.kind) for field in outermost)
    except TableError:
        return Content("", NO_GRAPH)
    if found.total() > MOST_FIELDS:
        return Content("", f"no graph: it has more than {MOST_FIELDS:,} parts")
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
    if not graphs or not all(_is_complete(graph.graph_def) for graph in graphs):
        return Content("", "no graph file, or its graph has no node")
    for graph in graphs:
        if damage := damage_of(graph.graph_def):
            return Content(DAMAGED, f"a damaged {kind}: {damage}")
    return Content(kind, f"a {kind}", message, graphs, is_text)


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
