"""Bind the probabilities of dropouts to what lets everything through.

A dropout compares random numbers with a threshold; the one scalar behind the threshold
is bound, whether it is fed or constant, in the graph or in the body of a function.
"""

import re

import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import (
    SWITCHES,
    Span,
    constant_scalar,
    known_values,
    set_scalar,
)
from helpers.freezing.control_flow.function_bodies import close, opened
from helpers.freezing.control_flow.functional import is_kept
from helpers.freezing.passes.constants.pass_values import CALLERS, LOOPS
from helpers.freezing.passes.constants.read_values import VARIABLES
from helpers.freezing.passes.inference.bind_switches import (
    PLACEHOLDERS,
    is_scalar,
    reads,
)
from helpers.freezing.passes.inference.simplify import bound_tensors, fold_neutral
from helpers.freezing.passes.prune.prune import functions_in
from helpers.graphs.editor import Edge, GraphEditor, data_inputs

COMPARISONS = ("Less", "LessEqual", "Greater", "GreaterEqual", "Floor")
PASSING = ("Identity", "Enter", "Cast", *SWITCHES)
ARITHMETIC = ("Sub", "Add", "AddV2", "Mul", "RealDiv")
KEEP = re.compile(r"keep_?(prob(ability)?|rate|p)?(_?\d*)$|dropout_keep", re.I)
DROP = re.compile(r"drop(out)?_?(rate|prob(ability)?)(_?\d*)$", re.I)


def bind_dropouts(editor: GraphEditor) -> int:
    """Record in `editor.bound` the values at which dropouts keep all; how many."""
    before = len(editor.bound) + len(editor.bound_inside)
    for node in editor.nodes.values():
        if node.op in VARIABLES and not node.attr["shape"].shape.dim:
            for item in reads(editor, node):
                _bind_by_name(editor, node.name, item)
    _bind(editor)
    for name in list(editor.functions):
        _bind_inside(editor, name)
    for node in editor.nodes.values():  # and those out of sight, in functions
        item = Edge(node.name, 0)
        if node.op in PLACEHOLDERS and is_scalar(node) and item not in editor.bound:
            _bind_by_name(editor, node.name, item)
    return len(editor.bound) + len(editor.bound_inside) - before


def _bind_inside(editor: GraphEditor, name: str) -> None:
    """Bind and fold the dropouts in the body of a function.

    What the function is passed is bound where it is fed.
    """
    body, passed = opened(editor, name), _passed(editor, name)
    known = known_values(editor)
    bound = bound_tensors(editor, known)
    given = {Edge(a, 0): known[item] for a, item in passed.items() if item in bound}
    fed = {a: item for a, item in passed.items() if _is_fed(editor, item)}
    for argument in fed:
        body.nodes[argument].op = "Placeholder"
        body.nodes[argument].attr["dtype"].type = body.nodes[argument].attr["T"].type
    body.bound |= given
    _bind(body)
    for item, value in body.bound.items():
        if item.node in fed:
            editor.bound[fed[item.node]] = value
        elif item not in given:
            editor.bound_inside[name, item.node] = value
            set_scalar(body.nodes[item.node], value)
    for argument in fed:
        body.nodes[argument].op = "_Arg"
    if body.bound:
        while fold_neutral(body):
            pass
        editor.removed += body.removed
        close(editor, name, body)


def _passed(editor: GraphEditor, function: str) -> dict[str, Edge]:
    """The arguments of the function that are the same tensor in every call."""
    arguments = [arg.name for arg in editor.functions[function].signature.input_arg]
    found: dict[str, set] = {name: set() for name in arguments}
    inner = (node for body in editor.functions.values() for node in body.node_def)
    if any(function in functions_in(node) for node in inner):
        return {}
    for node in editor.nodes.values():
        if function not in functions_in(node):
            continue
        if node.op not in CALLERS:
            return {}
        items = data_inputs(node)[CALLERS[node.op][1] :]
        for index, (name, item) in enumerate(zip(arguments, items, strict=True)):
            loop = node.op in LOOPS and editor.functions[node.attr["body"].func.name]
            found[name].add(item if not loop or is_kept(loop, index) else None)
    return {
        name: items.pop()
        for name, items in found.items()
        if len(items) == 1 and None not in items
    }


def _is_fed(editor: GraphEditor, item: Edge) -> bool:
    node = editor.nodes[item.node]
    return node.op in PLACEHOLDERS and is_scalar(node) and item not in editor.bound


def _bind(editor: GraphEditor) -> None:
    consumers = editor.consumers()
    known = known_values(editor)
    for node in list(editor.nodes.values()):
        if node.op in COMPARISONS and _mask(editor, node, known):
            root = _root(editor, _threshold(editor, node, known))
            if root is not None and _bind_root(editor, node, root):
                _bind_scale(editor, node, consumers)
                known = known_values(editor)


def _bind_by_name(editor: GraphEditor, name: str, item: Edge) -> None:
    """Bind what is called as the probability of a dropout is."""
    dtype = tf.as_dtype(editor.dtype(item))
    if dtype.is_floating and (KEEP.search(name) or DROP.search(name)):
        editor.bound[item] = dtype.as_numpy_dtype(1 if KEEP.search(name) else 0)


def _mask(editor: GraphEditor, node, known) -> bool:
    """Whether the op compares random numbers of [0, 1) with a threshold."""
    if known.get(Edge(node.name, 0)) is not None:
        return False
    return _threshold(editor, node, known) is not None


def _threshold(editor: GraphEditor, node, known) -> Edge | None:
    """What the random numbers are compared with (or, for Floor, added to)."""
    inputs = data_inputs(node)
    if node.op == "Floor":
        (item,) = inputs
        inputs = data_inputs(editor.nodes[item.node])
        if editor.nodes[item.node].op not in ("Add", "AddV2"):
            return None
    spans = [isinstance(known.get(item), Span) for item in inputs]
    if len(inputs) != 2 or sum(spans) != 1:
        return None
    return inputs[spans.index(False)]


def _root(editor: GraphEditor, item: Edge) -> Edge | None:
    """The one scalar that the threshold is computed from: fed, or else a constant."""
    fed, constants, ahead, seen = set(), set(), [item], set()
    while ahead:
        item = ahead.pop()
        if item in seen:
            continue
        seen.add(item)
        node = editor.nodes[item.node]
        if node.op in PLACEHOLDERS and is_scalar(node):
            fed.add(item)
        elif node.op == "Const" and constant_scalar(node) is not None:
            constants.add(item)
        elif node.op in PASSING + ARITHMETIC:
            ahead += data_inputs(node)[: 1 if node.op in PASSING else 2]
        else:
            return None
    roots = fed or constants
    return roots.pop() if len(roots) == 1 else None


def _bind_root(editor: GraphEditor, mask, root: Edge) -> bool:
    """Bind the root to 1 or 0, whichever lets everything through the mask."""
    if root in editor.bound:
        return False
    for number in (1, 0):
        value = tf.as_dtype(editor.dtype(root)).as_numpy_dtype(number)
        editor.bound[root] = value
        known = known_values(editor)
        if known.get(Edge(mask.name, 0)) in (1, True):
            editor.removed["dropout"] += 1
            return True
    del editor.bound[root]
    return False


def _bind_scale(editor: GraphEditor, mask, consumers) -> None:
    """Bind the constant that makes up for what the mask would have dropped."""
    takers = [taker for taker, _ in consumers.get(mask.name, ())]
    takers += [
        t for c in takers if c.op == "Cast" for t, _ in consumers.get(c.name, ())
    ]
    for taker in takers:
        for item in data_inputs(taker):
            scaled = editor.nodes[item.node]
            if scaled.op not in ("Mul", "RealDiv"):
                continue
            for factor in data_inputs(scaled):
                node = editor.nodes[factor.node]
                if node.op == "Const" and constant_scalar(node) is not None:
                    dtype = tf.as_dtype(editor.dtype(factor)).as_numpy_dtype
                    editor.bound.setdefault(factor, dtype(1))
