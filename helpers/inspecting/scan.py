"""Find the unsafe ops in a file: a graph, a SavedModel or a checkpoint."""

from pathlib import Path
from typing import NamedTuple

from helpers.checkpoints.checkpoint import graphs_at
from helpers.graphs.scan_findings import Finding, findings, ops_to_allow


class Scanned(NamedTuple):
    """The findings in a file, and the ops to allow for it to be served."""

    findings: list[Finding]
    ops_to_allow: list[str]  # by a user whose own graph it is


def scan(path: Path | str) -> list[Finding]:
    """The unsafe ops in a `.meta`, `.pb`, SavedModel or checkpoint, and what they do.

    A GraphDef is served as it is: its findings have the level "refuse". A `.meta` and
    a SavedModel are frozen first: theirs have "warn", and what freezing removes is left
    out. Ops that are not registered in this TensorFlow always have "warn".
    """
    return scan_file(path).findings


def scan_file(path: Path | str) -> Scanned:
    """What `scan` finds in a file, and the ops that a user has to allow for it."""
    file = graphs_at(path)
    return Scanned(
        [found for graph in file.graphs for found in findings(file.kind, graph)],
        [op for graph in file.graphs for op in ops_to_allow(file.kind, graph)],
    )
