"""What a file is, by its content; names are not believed."""

import codecs
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import tensorflow.compat.v1 as tf1
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from helpers.checkpoints.tables import MAGIC, TableError
from helpers.checkpoints.wire_format import BYTES, VARINT, fields

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
READS_KERAS = "(`python -m helpers freeze` reads Keras models)"
OTHERS = {  # first bytes -> kind, and what it is
    b"\x89HDF": ("Keras", f"a Keras or HDF5 file {READS_KERAS}"),
    b"PK\x03\x04": ("Keras", f"a zip {READS_KERAS}"),
    b"\x80": ("pickle", "a Python pickle"),
}
LITE = b"TFL3"  # from the fifth byte on
NO_GRAPH = "damaged, cut short, or no graph file"


class Content(NamedTuple):
    """What a file holds."""

    kind: str  # of MESSAGES, or "Keras", "table", "pickle", …; "" where not known
    what: str  # the file is, in words, where it is not of MESSAGES
    message: object = None
    is_text: bool = False


def content_of(path: Path) -> Content:
    """What the file is.

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
    """Whether a file begins with printable characters; binary messages do not."""
    start = data[:200]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # its end may be cut
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
    """Whether a text's first field is one of the message."""
    pattern = rf"^\s*(#.*\s*)*({'|'.join(FIRST_FIELDS[kind])})\s*[:{{<]"
    return bool(re.match(pattern.encode(), data))


def _binary(data: bytes) -> Content:
    try:
        found = Counter((field.number, field.kind) for field in fields(data))
    except TableError:
        return Content("", NO_GRAPH)
    if (1, VARINT) in found:
        return _parsed("SavedModel", data)
    if found[1, BYTES] <= 1:  # a GraphDef could have one node
        content = _parsed("MetaGraphDef", data)
        if content.kind:
            return content
    return _parsed("GraphDef", data)


def _parsed(kind: str, data: bytes) -> Content:
    try:
        return _checked(kind, MESSAGES[kind].FromString(data), is_text=False)
    except DecodeError:
        return Content("", f"no readable {kind}: damaged or cut short")


def _checked(kind: str, message, *, is_text: bool) -> Content:
    """The message, if what could be parsed makes sense as one of its kind."""
    if all(map(_makes_sense, graph_defs(kind, message))):
        return Content(kind, f"a {kind}", message, is_text)
    return Content("", "no graph file, or its graph has no node")


def graph_defs(kind: str, message) -> list[tf1.GraphDef]:
    """The graphs in a message of this kind."""
    if kind == "SavedModel":
        return [meta.graph_def for meta in message.meta_graphs] or [tf1.GraphDef()]
    return [message.graph_def if kind == "MetaGraphDef" else message]


def _makes_sense(graph_def: tf1.GraphDef) -> bool:
    nodes = graph_def.node
    return bool(nodes) and all(node.name and node.op for node in nodes)
