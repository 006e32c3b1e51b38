"""Find the unsafe ops in a file: a graph, a SavedModel or a checkpoint."""

from pathlib import Path

from helpers.checkpoints.checkpoint import graphs_at
from helpers.graphs.unsafe_ops import Finding, findings


def scan(path: Path | str) -> list[Finding]:
    """The unsafe ops in a `.meta`, `.pb`, SavedModel or checkpoint.

    A GraphDef is served as it is: its findings have the level "refuse". A `.meta` and
    a SavedModel are frozen first: theirs have "warn", and their own savers are left
    out. Ops that are not registered in this TensorFlow always have "warn".
    """
    file = graphs_at(path)
    return [found for graph in file.graphs for found in findings(file.kind, graph)]
