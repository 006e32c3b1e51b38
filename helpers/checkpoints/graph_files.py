"""Find the file with the graph of a checkpoint that has no `.meta` of its own name.

An Estimator writes `graph.pbtxt` beside its checkpoints, `tf.train.write_graph` a file
of any name.
"""

from pathlib import Path

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint_prefix import split_prefix
from helpers.checkpoints.file_contents import content_of
from helpers.graphs.graph_bodies import bodies
from helpers.graphs.op_kinds import VARIABLE_OPS

USUAL = ("graph.pbtxt", "graph.pb", "graph.txt")  # the first one found is taken
ENDINGS = ("*.pbtxt", "*.pb", "*.pb.txt")


def graph_beside(prefix: str) -> Path | None:
    """The file in a checkpoint's folder that holds the graph of its variables.

    It is the only `.meta` there, else `graph.pbtxt` as Estimators write it, else the
    only other file with a graph that is not frozen. None if no file is the one.
    """
    folder, _ = split_prefix(prefix)
    metas = sorted(folder.glob("*.meta"))
    if len(metas) == 1:
        return metas[0]
    for path in (folder / name for name in USUAL):
        if path.is_file() and holds_variables(path):
            return path
    graphs = graphs_beside(prefix)
    return graphs[0] if len(graphs) == 1 else None


def graphs_beside(prefix: str) -> list[Path]:
    """All files in a checkpoint's folder that hold a graph with variables, sorted."""
    folder, _ = split_prefix(prefix)
    others = sorted({path for ending in ENDINGS for path in folder.glob(ending)})
    graphs = [path for path in others if path.is_file() and holds_variables(path)]
    return [*sorted(folder.glob("*.meta")), *graphs]


def holds_variables(path: Path) -> bool:
    """Whether a file is a graph with variables."""
    try:
        graphs = content_of(path).graphs
    except (OSError, ValueError):
        return False
    return any(has_variable_ops(graph.graph_def) for graph in graphs)


def has_variable_ops(graph_def: tf1.GraphDef) -> bool:
    """Whether a graph, or one of its functions, has variables."""
    nodes = (node for body in bodies(graph_def) for node in body.nodes)
    return any(node.op in VARIABLE_OPS for node in nodes)
