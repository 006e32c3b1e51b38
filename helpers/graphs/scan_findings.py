"""What `scan` and `inspect` report of a graph's ops."""

import re
from typing import NamedTuple

from helpers.graphs.graph_bodies import Body, bodies, sources
from helpers.graphs.op_classes import op_classes
from helpers.graphs.traversal import find_reachable
from helpers.graphs.unsafe_ops import (
    UnsafeOp,
    refused_ops,
    unknown_ops,
    unsafe_ops,
)

# The default file names of a Saver; a SavedModel's saver takes the name as an argument.
SAVER_NAMES = re.compile(rb"(model|_temp(_[0-9a-f]{32})?/part|\.?part|/?variables)?")


class Finding(NamedTuple):
    """A node that `scan` reports."""

    level: str  # "refuse": serving refuses the graph; "warn": only for information
    graph: str  # the tags of a SavedModel's graph, else empty
    op: str
    node: str
    why: str

    def __str__(self) -> str:
        where = f" (graph {self.graph})" if self.graph else ""
        return f"{self.level}: {self.op} {self.node!r}{where} {self.why}"


def findings(kind: str, graph) -> list[Finding]:
    """The unsafe and the unknown ops in one StoredGraph of a file of this kind.

    A GraphDef is served as it is. Of another, which is frozen first, what freezing
    removes is left out: its saver, variables, queues and pipelines.
    """
    graph_def = graph.graph_def
    if kind == "GraphDef":
        level, unsafe = "refuse", refused_ops(graph_def)
    else:
        level, unsafe = "warn", _left_by_freezing(graph_def)
    found = [
        Finding(level, graph.label, item.op, item.node, item.why) for item in unsafe
    ]
    why = "is no op of this TensorFlow: its library has to be loaded first"
    unknown = unknown_ops(graph_def).items()
    return found + [Finding("warn", graph.label, op, node, why) for op, node in unknown]


def ops_to_allow(kind: str, graph) -> list[str]:
    """The ops that a user has to allow to serve one StoredGraph of a file as it is.

    Empty where that does not help: it has no unsafe op, or cannot run in any case.
    """
    if kind != "GraphDef":
        return []
    unsafe = refused_ops(graph.graph_def)
    if not all(item.may_be_allowed for item in unsafe):
        return []
    return list(dict.fromkeys(item.op for item in unsafe))


def _left_by_freezing(graph_def) -> list[UnsafeOp]:
    savers = _savers(graph_def)
    return [
        unsafe
        for unsafe in unsafe_ops(graph_def)
        if not unsafe.is_of_training and unsafe.node not in savers
    ]


def _savers(graph_def) -> set[str]:
    """The nodes that save and restore files with a Saver's default names."""
    known, savers = op_classes(), set()
    for body in bodies(graph_def):
        for node in body.nodes:
            if node.op in known and known[node.op].name == "checkpoints":
                count = 2 if node.op == "MergeV2Checkpoints" else 1
                if all(map(SAVER_NAMES.fullmatch, _texts(node, count, body))):
                    savers.add(body.path(node))
    return savers


def _texts(node, count: int, body: Body) -> list[bytes]:
    """The string constants that the first inputs are computed from."""
    found = find_reachable(
        sources(node, 0, count),
        lambda name: sources(body.by_name[name]),
        within=body.by_name,
    )
    constants = [body.by_name[name] for name in found]
    return [
        text
        for constant in constants
        if constant.op == "Const"
        for text in constant.attr["value"].tensor.string_val
    ]
