"""Find the unsafe ops in a file: a graph, a SavedModel or a checkpoint."""

from pathlib import Path

from helpers.checkpoints.checkpoint import graphs_at
from helpers.graphs.scan_findings import Finding, findings, ops_to_allow


def scan(path: Path | str) -> list[Finding]:
    """The unsafe ops in a `.meta`, `.pb`, SavedModel or checkpoint, and what they do.

    A GraphDef is served as it is: its findings have the level "refuse". A `.meta` and
    a SavedModel are frozen first: theirs have "warn", and what freezing removes is left
    out. Ops that are not registered in this TensorFlow always have "warn".
    """
    file = graphs_at(path)
    return [found for graph in file.graphs for found in findings(file.kind, graph)]


def allowing_ops(path: Path | str) -> list[str]:
    """The ops that a user has to allow, for this graph of his own to be served."""
    file = graphs_at(path)
    return [op for graph in file.graphs for op in ops_to_allow(file.kind, graph)]
