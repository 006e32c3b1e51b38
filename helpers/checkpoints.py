"""The four files of a checkpoint."""

from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from helpers.cards import card_in

tf1 = tf.compat.v1


def read_meta(path: Path) -> tf1.MetaGraphDef:
    """The MetaGraphDef in a `.meta` file."""
    meta = tf1.MetaGraphDef()
    try:
        meta.ParseFromString(Path(path).read_bytes())
    except DecodeError as error:
        raise ValueError(f"{path} is not a MetaGraphDef") from error
    return meta


def card_of(path: Path) -> dict | None:
    """The model card in a `.meta` file, or None."""
    return card_in(read_meta(path).graph_def)
