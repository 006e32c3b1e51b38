"""Read a file that holds graphs, known by its content and not by its name.

`.meta` (MetaGraphDef), `.pb` (GraphDef, binary or text), SavedModel or its folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.file_contents import MESSAGES, content_of

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


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
    content = content_of(path)
    if content.kind not in MESSAGES:
        raise ValueError(f"{path} is {content.what}")
    graphs = tuple(_graphs_of(content.kind, content.message))
    return GraphFile(path, content.kind, content.is_text, graphs)


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


def _graphs_of(kind: str, message) -> Iterator[StoredGraph]:
    if kind == "GraphDef":
        yield StoredGraph("", message, None)
    elif kind == "MetaGraphDef":
        yield StoredGraph("", message.graph_def, message)
    else:
        for meta in message.meta_graphs:
            tags = ",".join(meta.meta_info_def.tags)
            yield StoredGraph(tags, meta.graph_def, meta)
