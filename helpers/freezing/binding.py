"""Bind what differs between training and inference to inference.

Bound are switches such as `is_training` and the probabilities of dropouts, whether
they are fed or constant. A binding is a tensor and its value: the checkpoint's own
graph is fed it when both are compared.
"""

import re

import numpy as np
import tensorflow as tf

from helpers.freezing.drafts import Draft, Edge, data_inputs
from helpers.freezing.evaluating import Span, constant_scalar, known_values
from helpers.freezing.registry import attribute

PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
COMPARISONS = ("Less", "LessEqual", "Greater", "GreaterEqual", "Floor")
TRAINING = re.compile(
    r"train|learning_?phase|\bphase|dropout|is_learning|augment", re.I
)
NUMBERED = re.compile(
    r"(is_?train(ing)?|train(ing)?_?(flag|mode|phase)|learning_?phase)$", re.I
)
KEEP = re.compile(r"keep_?(prob(ability)?|rate|p)?(_?\d*)$|dropout_keep", re.I)
DROP = re.compile(r"drop(out)?_?(rate|prob(ability)?)(_?\d*)$", re.I)
INFERENCE = re.compile(
    r"\b(is_?)?(test|testing|eval|evaluat\w*|infer\w*|predict\w*)", re.I
)
BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def bind_switches(draft: Draft) -> None:
    """Record in `draft.bound` what inference makes of the graph's switches."""
    for node in list(draft.nodes.values()):
        if node.op in PLACEHOLDERS and _is_scalar(node):
            value = _switch_value(draft, node)
            if value is not None:
                draft.bound[Edge(node.name, 0)] = value


def _is_scalar(node) -> bool:
    shape = attribute(node, "shape").shape
    if shape.unknown_rank or not shape.dim:
        return True
    return all(dim.size == 1 for dim in shape.dim)


def _switch_value(draft: Draft, node) -> np.generic | None:
    """False for a switch that says training, True for one that says inference."""
    dtype = tf.as_dtype(draft.dtype(Edge(node.name, 0)))
    if dtype.is_integer and NUMBERED.search(node.name):
        return dtype.as_numpy_dtype(0)
    if dtype != tf.bool:
        return None
    name = re.sub(r"[_/]", " ", node.name)
    if TRAINING.search(node.name):
        return np.bool_(False)
    if INFERENCE.search(name):
        return np.bool_(True)
    return _calmer_side(draft, node)


def _calmer_side(draft: Draft, node) -> np.bool_ | None:
    """The side of the switch's conditionals that has no part of training in it."""
    consumers = draft.consumers().get(node.name, ())
    for taker, item in consumers:
        if taker.op in ("If", "StatelessIf") and str(item) == taker.input[0]:
            sides = {
                side: _trains(draft, taker.attr[f"{name}_branch"].func.name)
                for side, name in ((True, "then"), (False, "else"))
            }
            if sides[True] != sides[False]:
                return np.bool_(not sides[True])
    return None


def _trains(draft: Draft, function: str) -> bool:
    """Whether the function's body has random numbers or statistics of a batch."""
    for node in draft.functions[function].node_def:
        if "Random" in node.op:
            return True
        if node.op in BATCH_NORMS and attribute(node, "is_training").b:
            return True
    return False


def bind_dropouts(draft: Draft) -> None:
    """Record in `draft.bound` what lets everything through the dropouts."""
    consumers = draft.consumers()
    known = known_values(draft)
    for node in list(draft.nodes.values()):
        if node.op in COMPARISONS and _mask(draft, node, known):
            root = _root(draft, _threshold(draft, node, known))
            if root is not None and _bind_root(draft, node, root):
                _bind_scale(draft, node, consumers)
                known = known_values(draft)
    _bind_by_name(draft)


def _bind_by_name(draft: Draft) -> None:
    """Bind the probabilities of dropouts out of sight, in the function of a loop."""
    for node in draft.nodes.values():
        item = Edge(node.name, 0)
        if node.op in PLACEHOLDERS and _is_scalar(node) and item not in draft.bound:
            dtype = tf.as_dtype(draft.dtype(item))
            if dtype.is_floating and (KEEP.search(node.name) or DROP.search(node.name)):
                number = 1 if KEEP.search(node.name) else 0
                draft.bound[item] = dtype.as_numpy_dtype(number)


def _mask(draft: Draft, node, known) -> bool:
    """Whether the op compares random numbers of [0, 1) with a threshold."""
    if known.get(Edge(node.name, 0)) is not None:
        return False
    return _threshold(draft, node, known) is not None


def _threshold(draft: Draft, node, known) -> Edge | None:
    """What the random numbers are compared with (or, for Floor, added to)."""
    inputs = data_inputs(node)
    if node.op == "Floor":
        (item,) = inputs
        inputs = data_inputs(draft.nodes[item.node])
        if draft.nodes[item.node].op not in ("Add", "AddV2"):
            return None
    spans = [isinstance(known.get(item), Span) for item in inputs]
    if len(inputs) != 2 or sum(spans) != 1:
        return None
    return inputs[spans.index(False)]


def _root(draft: Draft, item: Edge) -> Edge | None:
    """The one scalar that the threshold is computed from: fed, or a constant."""
    roots, ahead, seen = set(), [item], set()
    while ahead:
        item = ahead.pop()
        if item in seen:
            continue
        seen.add(item)
        node = draft.nodes[item.node]
        if node.op in PLACEHOLDERS and _is_scalar(node):
            roots.add(item)
        elif node.op == "Const" and constant_scalar(node) is not None:
            continue
        elif node.op in (
            "Identity",
            "Enter",
            "Cast",
            "Sub",
            "Add",
            "AddV2",
            "Mul",
            "RealDiv",
        ):
            ahead += data_inputs(node)
        else:
            return None
    if not roots and draft.nodes[item.node].op == "Const" and len(seen) == 1:
        return item
    return roots.pop() if len(roots) == 1 else None


def _bind_root(draft: Draft, mask, root: Edge) -> bool:
    """Bind the root to 1 or 0, whichever lets everything through the mask."""
    if root in draft.bound:
        return False
    for number in (1, 0):
        value = tf.as_dtype(draft.dtype(root)).as_numpy_dtype(number)
        draft.bound[root] = value
        known = known_values(draft)
        if known.get(Edge(mask.name, 0)) in (1, True):
            draft.removed["dropout"] += 1
            return True
    del draft.bound[root]
    return False


def _bind_scale(draft: Draft, mask, consumers) -> None:
    """Bind the constant that makes up for what the mask would have dropped."""
    takers = [taker for taker, _ in consumers.get(mask.name, ())]
    takers += [
        t for c in takers if c.op == "Cast" for t, _ in consumers.get(c.name, ())
    ]
    for taker in takers:
        for item in data_inputs(taker):
            scaled = draft.nodes[item.node]
            if scaled.op not in ("Mul", "RealDiv"):
                continue
            for factor in data_inputs(scaled):
                node = draft.nodes[factor.node]
                if node.op == "Const" and constant_scalar(node) is not None:
                    dtype = tf.as_dtype(draft.dtype(factor)).as_numpy_dtype
                    draft.bound.setdefault(factor, dtype(1))
