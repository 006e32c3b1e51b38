"""What a file is, by its content; names are not believed."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from helpers.freezing.errors import FreezeError

tf1 = tf.compat.v1
TABLE_MAGIC = bytes.fromhex("57fb808b247547db")  # the end of a LevelDB-like table
STATE_KEY = b"model_checkpoint_path"
OTHERS = {
    b"PK\x03\x04": "archive",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"TFL3": "TensorFlow Lite model",
    b"\x80\x02": "pickle",
    b"\x80\x04": "pickle",
}
MESSAGES = {
    "SavedModel": saved_model_pb2.SavedModel,
    "GraphDef": tf1.GraphDef,
    "MetaGraphDef": tf1.MetaGraphDef,
}


class Content(NamedTuple):
    """A file's kind, its message if it is one, and whether that was text."""

    kind: str  # of MESSAGES, or "table", "state", "HDF5", "archive", ..., "unknown"
    message: object = None
    text: bool = False


def content_of(path: Path) -> Content:
    """What the file is."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FreezeError(
            f"{path} cannot be read: {error.strerror}", "check its permissions"
        ) from error
    if not data:
        return Content("empty file")
    if data[-8:] == TABLE_MAGIC:
        return Content("table")
    for magic, kind in OTHERS.items():
        if data.startswith(magic) or data[4:8] == magic:
            return Content(kind)
    if data.lstrip().startswith(STATE_KEY):
        return Content("state")
    return _binary(data) or _text(data) or Content("unknown")


def _binary(data: bytes) -> Content | None:
    for kind, message in MESSAGES.items():
        made = message()
        try:
            made.ParseFromString(data)
        except DecodeError:
            continue
        if plausible(made):
            return Content(kind, made)
    return None


def _text(data: bytes) -> Content | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    for kind, message in MESSAGES.items():
        made = message()
        try:
            text_format.Parse(text, made, allow_unknown_field=True)
        except text_format.ParseError:
            continue
        if plausible(made):
            return Content(kind, made, text=True)
    return None


def plausible(message) -> bool:
    """Whether a message that could be parsed makes sense as one of its kind."""
    if isinstance(message, tf1.GraphDef):
        return bool(message.node) and all(
            node.name and node.op and node.op.replace(">", "").isprintable()
            for node in message.node
        )
    if isinstance(message, tf1.MetaGraphDef):
        return plausible(message.graph_def)
    return any(plausible(meta) for meta in message.meta_graphs)
