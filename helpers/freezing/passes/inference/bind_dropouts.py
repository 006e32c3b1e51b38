"""Binds the probabilities of dropouts so that all values are kept.

Dropouts are found by their masks, in the graph and in the bodies of functions, and by
the names of the scalars that are fed or stored in variables.
"""

import re

import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import known_values, set_scalar
from helpers.freezing.control_flow.function_bodies import open_body, write_body
from helpers.freezing.control_flow.functional import is_loop_invariant
from helpers.freezing.passes.constants.pass_values import CALLERS, LOOPS
from helpers.freezing.passes.inference.bind_switches import (
    is_fed_scalar,
    scalar_inputs,
)
from helpers.freezing.passes.inference.dropout_masks import bind_masks
from helpers.freezing.passes.inference.simplify import bound_tensors, fold_neutral
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.wiring import PLACEHOLDERS

KEEP = re.compile(r"keep_?(prob(ability)?|rate|p)?(_?\d*)$|dropout_keep", re.I)
DROP = re.compile(r"drop(out)?_?(rate|prob(ability)?)(_?\d*)$", re.I)


def bind_dropouts(editor: GraphEditor) -> int:
    """Record in `editor.bound` the values for which all dropouts keep everything.

    Returns the number of values.
    """
    before = len(editor.bound) + len(editor.bound_inside)
    _bind_by_name(editor, fed=False)
    bind_masks(editor)
    for name in list(editor.functions):
        _bind_inside(editor, name)
    _bind_by_name(editor, fed=True)  # those of masks that are not recognised
    return len(editor.bound) + len(editor.bound_inside) - before


def _bind_by_name(editor: GraphEditor, *, fed: bool) -> None:
    """Bind placeholders, or reads of variables, named like a dropout's probability."""
    for name, item in scalar_inputs(editor):
        is_fed = editor.nodes[name].op in PLACEHOLDERS
        dtype = tf.as_dtype(editor.dtype(item))
        if is_fed != fed or not dtype.is_floating or (fed and item in editor.bound):
            continue
        if KEEP.search(name) or DROP.search(name):
            editor.bound[item] = dtype.as_numpy_dtype(1 if KEEP.search(name) else 0)


def _bind_inside(editor: GraphEditor, name: str) -> None:
    """Bind and fold the dropouts in the body of a function.

    Values that the function takes as arguments are bound in the graph, where they are
    fed.
    """
    body, passed = open_body(editor, name), _constant_arguments(editor, name)
    known = known_values(editor)
    bound = bound_tensors(editor, known)
    given = {Edge(a, 0): known[item] for a, item in passed.items() if item in bound}
    fed = {
        argument: item
        for argument, item in passed.items()
        if is_fed_scalar(editor.nodes[item.node]) and item not in editor.bound
    }
    for argument in fed:
        body.nodes[argument].op = "Placeholder"
        body.nodes[argument].attr["dtype"].type = body.nodes[argument].attr["T"].type
    body.bound |= given
    bind_masks(body)
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
        write_body(editor, name, body)


def _constant_arguments(editor: GraphEditor, function: str) -> dict[str, Edge]:
    """The arguments of the function that are the same tensor in every call.

    Empty if another function calls it, or an op that is not in CALLERS.
    """
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
            found[name].add(
                item if not loop or is_loop_invariant(loop, index) else None
            )
    return {
        name: items.pop()
        for name, items in found.items()
        if len(items) == 1 and None not in items
    }
