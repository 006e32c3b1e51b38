"""Propagate constants through a graph, without running it.

The value of a tensor is a NumPy scalar, if all its elements are known to equal it, or
an Interval: the random numbers of a dropout are known to lie in [0, 1).
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from helpers.graphs.edges import Edge, control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_kinds import SELECTS
from helpers.graphs.op_registry import attribute

SWITCHES = ("Switch", "RefSwitch")
# Ops whose output has the values of their first input.
FORWARDING = (
    *("Identity", "StopGradient", "Enter", "Snapshot", *SWITCHES),
    *("Reshape", "ExpandDims", "Squeeze"),
)
UNIFORM = ("RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2")


class Interval(NamedTuple):
    """Unknown numbers with low <= number < high."""

    low: Any
    high: Any


def _add(a, b):
    if isinstance(b, Interval):
        a, b = b, a
    if isinstance(b, Interval):
        return None
    return Interval(a.low + b, a.high + b) if isinstance(a, Interval) else a + b


def _multiply(a, b):
    if isinstance(b, Interval):
        a, b = b, a
    if not isinstance(a, Interval):
        return a * b
    if isinstance(b, Interval) or b <= 0:
        return None
    return Interval(a.low * b, a.high * b)


def _less(a, b):
    """a < b if it is the same for all numbers of an interval; None: it is not."""
    if isinstance(a, Interval) and isinstance(b, Interval):
        return None
    if isinstance(a, Interval):
        always, never = a.high <= b, a.low >= b
    elif isinstance(b, Interval):
        always, never = a < b.low, a >= b.high
    else:
        return np.bool_(a < b)
    return np.bool_(always) if always or never else None


def _not(value):
    return None if value is None else np.bool_(not value)


def _floor(value):
    if not isinstance(value, Interval):
        return np.floor(value)
    low = np.floor(value.low)
    return low if value.high <= low + 1 else None


# Functions of scalars and intervals; they return None if the value is unknown.
OF_INTERVALS: dict[str, Callable] = {
    "Add": _add,
    "AddV2": _add,
    "Sub": lambda a, b: _add(a, -b) if not isinstance(b, Interval) else None,
    "Mul": _multiply,
    "Floor": _floor,
    "Less": _less,
    "Greater": lambda a, b: _less(b, a),
    "GreaterEqual": lambda a, b: _not(_less(a, b)),
    "LessEqual": lambda a, b: _not(_less(b, a)),
}
OF_SCALARS: dict[str, Callable] = {  # functions of scalars only
    "RealDiv": lambda a, b: a / b if b else None,
    "Div": lambda a, b: a / b if b and np.issubdtype(a, np.floating) else None,
    "Reciprocal": lambda a: 1 / a if a else None,
    "Neg": lambda a: -a,
    "Equal": lambda a, b: np.bool_(a == b),
    "NotEqual": lambda a, b: np.bool_(a != b),
    "LogicalNot": lambda a: np.bool_(not a),
    "LogicalAnd": lambda a, b: np.bool_(a and b),
    "LogicalOr": lambda a, b: np.bool_(a or b),
}


def known_values(
    editor: GraphEditor, assumed: Mapping[Edge, Any] | None = None
) -> dict[Edge, Any]:
    """The values of all tensors that are known, by tensor.

    Args:
      assumed: values to start from, besides those that the editor has bound.
    """
    known: dict[Edge, Any] = {**editor.bound, **(assumed or {})}
    consumers = editor.consumers()
    ahead = deque(editor.nodes.values())
    while ahead:
        node = ahead.popleft()
        item = Edge(node.name, 0)
        if item in known:
            continue
        value = _evaluate(node, known)
        if value is not None:
            known[item] = value
            if node.op in SWITCHES:
                known[Edge(node.name, 1)] = value
            ahead.extend(taker for taker, _ in consumers.get(node.name, ()))
    return known


def _evaluate(node, known: Mapping[Edge, Any]) -> Any:
    """The value of a node's first output, or None if it is unknown."""
    if node.op == "Const":
        return constant_scalar(node)
    if node.op in ("IsVariableInitialized", "VarIsInitializedOp"):
        return np.bool_(True)  # the variable becomes a constant
    if node.op in UNIFORM:
        dtype = tf.as_dtype(attribute(node, "dtype").type).as_numpy_dtype
        return Interval(dtype(0), dtype(1))
    values = [known.get(item) for item in data_inputs(node)]
    if node.op in SELECTS and isinstance(values[0], np.bool_):
        return values[1] if values[0] else values[2]
    if node.op in FORWARDING:
        return values[0]
    if not values or any(value is None for value in values):
        return None
    evaluate = OF_INTERVALS.get(node.op)
    if evaluate is None and not any(isinstance(value, Interval) for value in values):
        if node.op == "Cast":
            return tf.as_dtype(node.attr["DstT"].type).as_numpy_dtype(values[0])
        evaluate = OF_SCALARS.get(node.op)
    with np.errstate(all="ignore"):
        return evaluate(*values) if evaluate else None


def set_scalar(node, value: np.generic) -> None:
    """Make the node a Const of its present shape, filled with a value."""
    shape = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
    set_inputs(node, [], control_inputs(node))
    node.op = "Const"
    node.attr.clear()
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, shape=shape))


def constant_scalar(node) -> Any:
    """The value of a Const of one element, a number or bool; None for any other."""
    tensor = node.attr["value"].tensor
    size = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    dtype = tf.as_dtype(tensor.dtype)
    if size != 1 or not (dtype.is_floating or dtype.is_integer or dtype.is_bool):
        return None
    return tf.make_ndarray(tensor).reshape(-1)[0]
