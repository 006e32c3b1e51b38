"""The four files of a checkpoint, as one object and with no session.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.bundles import Bundle, CheckpointError, Variable
from helpers.checkpoints.graph_files import (
    SAVED_MODEL_FILES,
    GraphFile,
    StoredGraph,
    is_saved_model,
    read_graph_file,
)
from helpers.checkpoints.locating import (
    STATE_FILE,
    VARIABLES,
    is_part,
    locate,
    old_shards,
    split,
)
from helpers.graphs.model_card import card_in

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Damage(NamedTuple):
    """A variable whose bytes are not those that were written."""

    variable: str
    cause: str


class Checkpoint:
    """A checkpoint: its files, its variables and its graph."""

    def __init__(self, prefix: str, warnings: tuple[str, ...] = ()):
        self.prefix = prefix
        self.warnings = warnings  # one sentence each

    @classmethod
    def at(cls, path: Path | str) -> "Checkpoint":
        """The checkpoint that a prefix, one of its files or its folder means.

        Raises:
          CheckpointError: there is none, or more than one.
        """
        return cls(*locate(path))

    @property
    def folder(self) -> Path:
        return split(self.prefix)[0]

    @property
    def meta_path(self) -> Path | None:
        """Where the graph is: the `.meta`, or the SavedModel around the variables."""
        paths = [Path(f"{self.prefix}.meta")]
        if f"/{self.prefix}".endswith(f"/{VARIABLES}"):
            paths += [self.folder.parent / name for name in SAVED_MODEL_FILES]
        return next((path for path in paths if path.is_file()), None)

    @property
    def index_path(self) -> Path | None:
        path = Path(f"{self.prefix}.index")
        return path if path.is_file() else None

    @property
    def data_paths(self) -> list[Path]:
        """The files that hold the values."""
        if self.format == "V1":
            return self.values.paths
        shards = range(self.values.index.header.num_shards)
        return [self.values.data_path(shard) for shard in shards]

    @property
    def state_path(self) -> Path | None:
        """The `checkpoint` file beside it."""
        path = self.folder / STATE_FILE
        return path if path.is_file() else None

    @property
    def format(self) -> str:
        return "V2" if self.index_path else "V1"

    @cached_property
    def values(self):
        """Where the variables are read from: a Bundle or an OldCheckpoint."""
        if self.index_path:
            return Bundle(self.prefix)
        if Path(self.prefix).is_file():
            return _old([Path(self.prefix)])
        if shards := old_shards(self.prefix):
            return _old(shards)
        raise CheckpointError(
            f"{self.prefix} has no variables: {self.prefix}.index is missing",
            "put all the checkpoint's files in one folder",
        )

    def meta(self) -> tf1.MetaGraphDef:
        """The graph that was saved with the variables."""
        return read_meta(self.graph_path())

    def graph_path(self) -> Path:
        """Where the graph is.

        Raises:
          CheckpointError: nowhere here.
        """
        if self.meta_path:
            return self.meta_path
        beside = sorted(path.name for path in self.folder.glob("*.meta"))
        given = f": {beside[0]} is beside it" if beside else ""
        if OBJECT_GRAPH in (variable.name for variable in self.variables()):
            raise CheckpointError(
                f"{self.prefix} is an object-based TensorFlow 2 checkpoint: it has "
                "values but no graph",
                "build the model in Python, load it there, and save a SavedModel",
            )
        raise CheckpointError(
            f"{self.prefix}.meta is missing, so there is no graph",
            f"give the graph with --meta{given}",
        )

    def variables(self) -> list[Variable]:
        """What is stored, in the order of names; no value is read."""
        return self.values.variables()

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value, read from its bytes.

        Raises:
          KeyError: there is no such variable.
          CheckpointError: its bytes are missing or not those that were written.
        """
        return self.values.read(name, check=check)

    def verify(self) -> list[Damage]:
        """The variables that are damaged; empty where every checksum is right."""
        return list(self._damages())

    def _damages(self) -> Iterator[Damage]:
        for variable in self.variables():
            try:
                self.read(variable.name)
            except CheckpointError as error:
                yield Damage(variable.name, str(error).splitlines()[0])


def read_meta(path: Path) -> tf1.MetaGraphDef:
    """The MetaGraphDef in a `.meta` file, or a SavedModel's for serving."""
    graph = serving_graph(read_graph_file(path))
    if graph.meta is None:
        raise ValueError(f"{path} is not a MetaGraphDef")
    return graph.meta


def serving_graph(file: GraphFile) -> StoredGraph:
    """A file's graph, or of a SavedModel's the one for serving."""
    serving = [graph for graph in file.graphs if "serve" in graph.label.split(",")]
    return (serving or file.graphs)[0]


def graphs_at(path: Path | str) -> GraphFile:
    """The graphs that a graph file, a SavedModel or a checkpoint holds.

    Raises:
      ValueError: there is no graph there; the message says what is.
    """
    path = Path(path)
    if is_saved_model(path) or (path.is_file() and not is_part(path)):
        return read_graph_file(path)
    return read_graph_file(Checkpoint.at(path).graph_path())


def card_of(path: Path) -> dict | None:
    """The model card in a `.meta` file, or None."""
    return card_in(read_meta(path).graph_def)


def _old(paths: list[Path]):
    from helpers.checkpoints.v1_checkpoints import OldCheckpoint

    return OldCheckpoint(paths)
