"""Finds the masks of dropouts and binds the scalars that they depend on.

A mask compares random numbers of [0, 1) with a threshold. One scalar, its root,
determines the threshold: a placeholder or a constant.
"""

import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import (
    SWITCHES,
    Interval,
    constant_scalar,
    known_values,
)
from helpers.freezing.passes.inference.bind_switches import is_fed_scalar
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_kinds import SELECTS

COMPARISONS = ("Less", "LessEqual", "Greater", "GreaterEqual", "Floor")
PASSING = ("Identity", "Enter", "Cast", *SWITCHES)
SHAPING = ("Identity", "Reshape", "ExpandDims", "BroadcastTo", "Squeeze")
ARITHMETIC = ("Sub", "Add", "AddV2", "Mul", "RealDiv")


def bind_masks(editor: GraphEditor) -> None:
    """Bind the root of each mask so that the mask keeps all values."""
    consumers = editor.consumers()
    known = known_values(editor)
    for node in list(editor.nodes.values()):
        if node.op not in COMPARISONS or known.get(Edge(node.name, 0)) is not None:
            continue
        threshold = _threshold(editor, node, known)
        root = _root(editor, threshold) if threshold else None
        keeps = _inference_value(editor, node, consumers)
        if root is None or keeps is None:
            continue
        if _bind_root(editor, node, root, keeps):
            _bind_scale(editor, node, consumers)
            known = known_values(editor)


def _threshold(editor: GraphEditor, node, known) -> Edge | None:
    """What the random numbers are compared with, or added to before a Floor.

    None if the node does not compare random numbers.
    """
    inputs = data_inputs(node)
    if node.op == "Floor":
        (item,) = inputs
        inputs = data_inputs(editor.nodes[item.node])
        if editor.nodes[item.node].op not in ("Add", "AddV2"):
            return None
    intervals = [isinstance(known.get(item), Interval) for item in inputs]
    if len(inputs) != 2 or sum(intervals) != 1:
        return None
    return inputs[intervals.index(False)]


def _root(editor: GraphEditor, threshold: Edge) -> Edge | None:
    """The one placeholder, or else the one constant, that determines the threshold.

    None if there are several, or other ops between.
    """
    fed, constants, ahead, seen = set(), set(), [threshold], set()
    while ahead:
        item = ahead.pop()
        if item in seen:
            continue
        seen.add(item)
        node = editor.nodes[item.node]
        if is_fed_scalar(node):
            fed.add(item)
        elif node.op == "Const" and constant_scalar(node) is not None:
            constants.add(item)
        elif node.op in PASSING + ARITHMETIC:
            ahead += data_inputs(node)[: 1 if node.op in PASSING else 2]
        else:
            return None
    roots = fed or constants
    return roots.pop() if len(roots) == 1 else None


def _inference_value(editor: GraphEditor, mask, consumers) -> bool | None:
    """The value of the mask at which nothing is changed at random.

    A dropout's mask keeps values. The mask of an augmentation chooses between a tensor
    and one that is computed of it, such as the mirrored one: the first is for
    inference. None: it chooses between others.
    """
    ahead, seen = [mask.name], set[str]()
    for name in ahead:
        for node, item in consumers.get(name, ()):
            if node.op in SHAPING and node.name not in seen:
                seen.add(node.name)
                ahead.append(node.name)
            if node.op not in SELECTS or data_inputs(node)[0] != item:
                continue
            chosen, other = data_inputs(node)[1:]
            if _is_made_of(editor, chosen, other):
                return False
            if _is_made_of(editor, other, chosen) or _is_constant(editor, other):
                return True
            return None
    return True


def _is_made_of(editor: GraphEditor, item: Edge, source: Edge) -> bool:
    """Whether the op of a tensor takes the other tensor as it is."""
    return source in data_inputs(editor.nodes[item.node])


def _is_constant(editor: GraphEditor, item: Edge) -> bool:
    """Whether a tensor is zeros, or another constant of any shape."""
    while (node := editor.nodes[item.node]).op in ("Identity", "BroadcastTo", "Fill"):
        item = data_inputs(node)[node.op == "Fill"]
    return node.op in ("Const", "ZerosLike")


def _bind_root(editor: GraphEditor, mask, root: Edge, keeps: bool) -> bool:
    """Bind the root to 1, 0 or -1, whichever gives the mask its value for inference.

    False if none does.
    """
    if root in editor.bound:
        return False
    for number in (1, 0, -1):
        editor.bound[root] = tf.as_dtype(editor.dtype(root)).as_numpy_dtype(number)
        if known_values(editor).get(Edge(mask.name, 0)) == keeps:
            editor.removed["dropout" if keeps else "augmentation"] += 1
            return True
    del editor.bound[root]
    return False


def _bind_scale(editor: GraphEditor, mask, consumers) -> None:
    """Bind the constant that scales the kept values to 1."""
    masked = [node for node, _ in consumers.get(mask.name, ())]
    casts = [node for node in masked if node.op == "Cast"]
    masked += [node for cast in casts for node, _ in consumers.get(cast.name, ())]
    for scaled in (editor.nodes[i.node] for node in masked for i in data_inputs(node)):
        if scaled.op not in ("Mul", "RealDiv"):
            continue
        for factor in data_inputs(scaled):
            node = editor.nodes[factor.node]
            if node.op == "Const" and constant_scalar(node) is not None:
                dtype = tf.as_dtype(editor.dtype(factor)).as_numpy_dtype
                editor.bound.setdefault(factor, dtype(1))
