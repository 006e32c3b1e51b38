"""Find the unsafe ops in a file: a graph, a SavedModel or a checkpoint."""

from pathlib import Path

from helpers.checkpoints.checkpoint import graphs_at
from helpers.graphs.unsafe_ops import Finding, findings


def scan(path: Path | str) -> list[Finding]:
    """What a `.meta`, `.pb`, SavedModel or checkpoint could do besides computing.

    A GraphDef is what is served: its findings say "refuse". A `.meta` and a
    SavedModel are frozen first: theirs say "warn", and their own savers are not
    reported. Ops that this TensorFlow does not know are a "warn" everywhere.
    """
    file = graphs_at(path)
    return [found for graph in file.graphs for found in findings(file.kind, graph)]
