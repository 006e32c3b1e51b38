"""Binds the switches between training and inference to inference.

A switch is a scalar such as `is_training`, fed or stored in a variable. To bind a
tensor is to fix its value; the proof feeds the same value to the checkpoint's graph.
"""

import re

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.batch_statistics import takes_batch_statistics
from helpers.freezing.analysis.constant_propagation import known_values
from helpers.freezing.control_flow.v1 import live_nodes
from helpers.freezing.passes.inference.follow_assignments import READS
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_kinds import VARIABLE_OPS
from helpers.graphs.op_registry import attribute
from helpers.graphs.wiring import PLACEHOLDERS

TRAINING = re.compile(
    r"train|learning_?phase|\bphase|dropout|is_learning|augment", re.I
)
NUMERIC = re.compile(  # names of integers that are 1 in training, 0 in inference
    r"(is_?train(ing)?|train(ing)?_?(flag|mode|phase)|((learning|train)_?)?phase)$",
    re.I,
)
INFERENCE = re.compile(
    r"\b(is_?)?(test|testing|eval|evaluat\w*|infer\w*|predict\w*)", re.I
)


def bind_switches(editor: GraphEditor) -> int:
    """Record each switch's inference value in `editor.bound`; return their number."""
    for name, item in scalar_inputs(editor):
        value = _value_by_name(editor, name, item)
        is_bool = editor.dtype(item) == tf.bool.as_datatype_enum
        if value is None and is_bool and editor.nodes[name].op in PLACEHOLDERS:
            value = _value_by_branches(editor, item)
        if value is not None:
            editor.bound[item] = value
    return len(editor.bound)


def scalar_inputs(editor: GraphEditor) -> list[tuple[str, Edge]]:
    """The scalars that are fed or read from variables: op names and tensors."""
    found, consumers = [], editor.consumers()
    for node in editor.nodes.values():
        if is_fed_scalar(node):
            found.append((node.name, Edge(node.name, 0)))
        elif node.op in VARIABLE_OPS and not node.attr["shape"].shape.dim:
            readers = [n for n, _ in consumers.get(node.name, ()) if n.op in READS]
            found += [(node.name, Edge(reader.name, 0)) for reader in readers]
    return found


def is_fed_scalar(node) -> bool:
    """Whether the node is a placeholder whose shape allows a single element only."""
    if node.op not in PLACEHOLDERS:
        return False
    shape = attribute(node, "shape").shape
    return shape.unknown_rank or all(dim.size == 1 for dim in shape.dim)


def _value_by_name(editor: GraphEditor, name: str, item: Edge) -> np.generic | None:
    """False for a name that means training, True for one that means inference."""
    dtype = tf.as_dtype(editor.dtype(item))
    if dtype.is_integer and NUMERIC.search(name):
        return dtype.as_numpy_dtype(0)
    if dtype != tf.bool:
        return None
    if TRAINING.search(name):
        return np.bool_(False)
    if INFERENCE.search(re.sub(r"[_/]", " ", name)):
        return np.bool_(True)
    return None


def _value_by_branches(editor: GraphEditor, item: Edge) -> np.bool_ | None:
    """The value for which no conditional takes a branch that only training needs.

    None if neither value does, or both do.
    """
    trains = {side: _trains(_conditional_nodes(editor, item, side)) for side in (0, 1)}
    return np.bool_(not trains[1]) if trains[1] != trains[0] else None


def _conditional_nodes(editor: GraphEditor, item: Edge, side: int) -> list[dict]:
    """The nodes that run only if the switch has this value.

    Returns:
      nodes by name: a dict for the graph, and one for each function called.
    """
    known = known_values(editor, {item: np.bool_(side)})
    living = [live_nodes(editor, known, flipped=flipped) for flipped in (False, True)]
    bodies = [{name: editor.nodes[name] for name in living[0] - living[1]}]
    for node in editor.nodes.values():
        if node.op in ("If", "StatelessIf") and data_inputs(node)[0] in known:
            taken = "then_branch" if known[data_inputs(node)[0]] else "else_branch"
            body = editor.functions[node.attr[taken].func.name]
            bodies.append({inner.name: inner for inner in body.node_def})
    return bodies


def _trains(bodies: list[dict]) -> bool:
    """Whether there are random numbers, statistics of a batch or updates."""
    return any(
        "Random" in node.op
        or node.op.startswith("Assign")
        or takes_batch_statistics(node, nodes)
        for nodes in bodies
        for node in nodes.values()
    )
