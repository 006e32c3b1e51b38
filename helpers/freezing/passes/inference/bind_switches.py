"""Bind what switches between training and inference to inference.

Bound are switches such as `is_training`, whether they are fed or variables. A binding
is a tensor and its value: the checkpoint's own graph is given it when both are
compared.
"""

import re

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.batch_statistics import takes_batch_statistics
from helpers.freezing.analysis.constant_propagation import known_values
from helpers.freezing.control_flow.v1 import living_nodes
from helpers.freezing.passes.constants.read_values import VARIABLES
from helpers.graphs.editor import Edge, GraphEditor, data_inputs
from helpers.graphs.op_registry import attribute

READS = ("Identity", "ReadVariableOp")
PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
TRAINING = re.compile(
    r"train|learning_?phase|\bphase|dropout|is_learning|augment", re.I
)
NUMBERED = re.compile(
    r"(is_?train(ing)?|train(ing)?_?(flag|mode|phase)|((learning|train)_?)?phase)$",
    re.I,
)
INFERENCE = re.compile(
    r"\b(is_?)?(test|testing|eval|evaluat\w*|infer\w*|predict\w*)", re.I
)


def bind_switches(editor: GraphEditor) -> int:
    """Record in `editor.bound` each switch's value at inference; how many."""
    for node in list(editor.nodes.values()):
        if node.op in PLACEHOLDERS and is_scalar(node):
            _bind(editor, Edge(node.name, 0), _switch_value(editor, node))
        elif node.op in VARIABLES and not node.attr["shape"].shape.dim:
            for item in reads(editor, node):
                _bind(editor, item, _named_value(editor, node.name, item))
    return len(editor.bound)


def _bind(editor: GraphEditor, item: Edge, value: np.generic | None) -> None:
    if value is not None:
        editor.bound[item] = value


def reads(editor: GraphEditor, variable) -> list[Edge]:
    """Where the value of the variable is read."""
    takers = editor.consumers().get(variable.name, ())
    return [Edge(taker.name, 0) for taker, _ in takers if taker.op in READS]


def is_scalar(node) -> bool:
    shape = attribute(node, "shape").shape
    if shape.unknown_rank or not shape.dim:
        return True
    return all(dim.size == 1 for dim in shape.dim)


def _switch_value(editor: GraphEditor, node) -> np.generic | None:
    item = Edge(node.name, 0)
    value = _named_value(editor, node.name, item)
    if value is None and editor.dtype(item) == tf.bool.as_datatype_enum:
        return _calmer_side(editor, item)
    return value


def _named_value(editor: GraphEditor, name: str, item: Edge) -> np.generic | None:
    """False for a switch that says training, True for one that says inference."""
    dtype = tf.as_dtype(editor.dtype(item))
    if dtype.is_integer and NUMBERED.search(name):
        return dtype.as_numpy_dtype(0)
    if dtype != tf.bool:
        return None
    if TRAINING.search(name):
        return np.bool_(False)
    if INFERENCE.search(re.sub(r"[_/]", " ", name)):
        return np.bool_(True)
    return None


def _calmer_side(editor: GraphEditor, item: Edge) -> np.bool_ | None:
    """The side of the switch's conditionals that has no part of training in it."""
    trains = {side: _trains(_only_on(editor, item, side)) for side in (True, False)}
    return np.bool_(not trains[True]) if trains[True] != trains[False] else None


def _only_on(editor: GraphEditor, item: Edge, side: bool) -> list[dict]:
    """The nodes that run only where the switch has this value, by graph or function."""
    known = known_values(editor, {item: np.bool_(side)})
    living = [living_nodes(editor, known, flipped) for flipped in (False, True)]
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
