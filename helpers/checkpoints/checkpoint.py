"""The four files of a checkpoint as one object, read with no session.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.bundles import Bundle, CheckpointError, Variable
from helpers.checkpoints.checkpoint_prefix import (
    STATE_FILE,
    VARIABLES,
    find_prefix,
    is_checkpoint_file,
    split_prefix,
    v1_shards,
)
from helpers.checkpoints.file_contents import (
    Content,
    StoredGraph,
    read_graph_file,
    saved_model_file,
)
from helpers.checkpoints.graph_files import graph_beside
from helpers.checkpoints.stated_tensors import WITHOUT_VALUES
from helpers.checkpoints.v1_checkpoints import V1Checkpoint
from helpers.graphs.model_card import card_in

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Damage(NamedTuple):
    """A variable whose bytes are missing or damaged."""

    variable: str
    cause: str


class Checkpoint:
    """A checkpoint: its files, its variables and its graph."""

    def __init__(self, prefix: str, warnings: tuple[str, ...] = ()):
        self.prefix = prefix
        self.warnings = warnings  # one sentence each

    @classmethod
    def at(cls, path: Path | str) -> "Checkpoint":
        """The checkpoint at a prefix, one of its files or its folder.

        Raises:
          CheckpointError: there is none, or more than one.
        """
        return cls(*find_prefix(path))

    @property
    def folder(self) -> Path:
        return split_prefix(self.prefix)[0]

    @cached_property
    def meta_path(self) -> Path | None:
        """The graph's file: the `.meta`, or the SavedModel around the variables.

        Without these, the `graph.pbtxt` beside them, as `graph_beside` finds it.
        """
        own = Path(f"{self.prefix}.meta")
        if own.is_file():
            return own
        if f"/{self.prefix}".endswith(f"/{VARIABLES}"):
            return saved_model_file(self.folder.parent)
        beside = graph_beside(self.prefix)
        return beside if beside and beside.suffix != ".meta" else None

    @property
    def paths(self) -> list[Path]:
        """The existing files of the checkpoint, without the graph's."""
        index, state = Path(f"{self.prefix}.index"), self.folder / STATE_FILE
        paths = [index, *self.values.paths, state]
        return [path for path in paths if path.is_file()]

    @property
    def format(self) -> str:
        """The format of the variables' files, "V1" or "V2"."""
        return "V2" if isinstance(self.values, Bundle) else "V1"

    @cached_property
    def values(self) -> Bundle | V1Checkpoint:
        """The reader of the variables, which depends on the format.

        Raises:
          CheckpointError: there are no variables under the prefix.
        """
        if Path(f"{self.prefix}.index").is_file():
            return Bundle(self.prefix)
        single = Path(self.prefix)
        if single.is_file():
            return V1Checkpoint([single])
        if paths := v1_shards(self.prefix):
            _check_shards(paths)
            return V1Checkpoint(paths)
        raise CheckpointError(
            f"{self.prefix}.index is missing, so there are no variables",
            "put all the checkpoint's files in one folder",
        )

    def graph_path(self) -> Path:
        """The graph's file, as meta_path.

        Raises:
          CheckpointError: there is none.
        """
        if self.meta_path:
            return self.meta_path
        if OBJECT_GRAPH in (variable.name for variable in self.variables()):
            raise CheckpointError(
                f"{self.prefix} is an object-based TensorFlow 2 checkpoint: it has "
                "values but no graph",
                "build the model in Python, load it there, and save a SavedModel",
            )
        others = sorted(path.name for path in self.folder.glob("*.meta"))
        hint = f": {others[0]} is beside it" if others else ""
        raise CheckpointError(
            f"{self.prefix}.meta is missing, so there is no graph",
            f"give the graph with --meta{hint}",
        )

    def variables(self) -> list[Variable]:
        """Every variable, sorted by name; no value is read."""
        return self.values.variables()

    def read(self, name: str, *, check: bool = True) -> np.ndarray:
        """A variable's value, as Bundle.read."""
        return self.values.read(name, check=check)

    def verify(self) -> list[Damage]:
        """The variables whose bytes are missing or do not match their checksum."""
        damages = []
        for variable in self.variables():
            if variable.dtype in WITHOUT_VALUES:
                continue
            try:
                self.read(variable.name)
            except CheckpointError as error:
                damages.append(Damage(variable.name, error.cause))
        return damages


def _check_shards(paths: list[Path]) -> None:
    """Raise CheckpointError if one of the shards of a V1 checkpoint is missing."""
    name, _, count = paths[0].name.rpartition("-of-")
    base = name[: -len("-00000")]
    wanted = {f"{base}-{shard:05d}-of-{count}" for shard in range(int(count))}
    if missing := sorted(wanted - {path.name for path in paths}):
        raise CheckpointError(
            f"{paths[0].parent / missing[0]} is missing, one of {len(wanted)} files "
            "with the checkpoint's variables",
            "put it beside the others: a checkpoint is all its files",
        )


def read_meta(path: Path | str) -> tf1.MetaGraphDef:
    """The MetaGraphDef in a `.meta` file, or a SavedModel's for serving.

    Raises:
      ValueError: the file holds none.
    """
    graph = serving_graph(read_graph_file(path))
    if graph.meta is None:
        raise ValueError(f"{path} is not a MetaGraphDef")
    return graph.meta


def serving_graph(file: Content) -> StoredGraph:
    """The file's graph; of a SavedModel, the one tagged "serve" or else the first."""
    serving = [graph for graph in file.graphs if "serve" in graph.label.split(",")]
    return (serving or file.graphs)[0]


def graphs_at(path: Path | str) -> Content:
    """The graphs in a graph file, a SavedModel or a checkpoint.

    Raises:
      ValueError: there is no graph; the message says what there is.
    """
    path = Path(path)
    if saved_model_file(path) or (path.is_file() and not is_checkpoint_file(path)):
        return read_graph_file(path)
    return read_graph_file(Checkpoint.at(path).graph_path())


def card_of(path: Path | str) -> dict | None:
    """The model card in a `.meta` file, or None."""
    return card_in(read_meta(path).graph_def, path)
