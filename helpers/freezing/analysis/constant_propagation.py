"""What is known of a graph's scalars without running it.

A value is a NumPy scalar, that holds for every element of the tensor, or a Span: the
random numbers of a dropout are known to lie in [0, 1).
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from helpers.graphs.editor import (
    Edge,
    GraphEditor,
    control_inputs,
    data_inputs,
    set_inputs,
)

SWITCHES = ("Switch", "RefSwitch")
RESHAPES = ("Reshape", "ExpandDims", "Squeeze")
UNIFORM = ("RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2")


class Span(NamedTuple):
    """Numbers with low <= number < high."""

    low: Any
    high: Any

    def plus(self, number):
        return Span(self.low + number, self.high + number)

    def times(self, number):
        return Span(self.low * number, self.high * number) if number > 0 else None


def _add(a, b):
    if isinstance(a, Span):
        return None if isinstance(b, Span) else a.plus(b)
    return b.plus(a) if isinstance(b, Span) else a + b


def _multiply(a, b):
    if isinstance(a, Span):
        return None if isinstance(b, Span) else a.times(b)
    return b.times(a) if isinstance(b, Span) else a * b


def _less(a, b):
    """a < b, where it holds or fails for all numbers of a span."""
    if isinstance(a, Span):
        return _verdict(a.high <= b, a.low >= b) if not isinstance(b, Span) else None
    if isinstance(b, Span):
        return _verdict(a < b.low, a >= b.high)
    return np.bool_(a < b)


def _verdict(always, never):
    return np.bool_(True) if always else np.bool_(False) if never else None


def _not(value):
    return None if value is None else np.bool_(not value)


def _floor(value):
    if not isinstance(value, Span):
        return np.floor(value)
    low = np.floor(value.low)
    return low if value.high <= low + 1 else None


def _plain(function):
    """A function of numbers only; spans make its value unknown."""

    def evaluate(*values):
        if any(isinstance(value, Span) for value in values):
            return None
        return function(*values)

    return evaluate


VALUE_OF = {
    "Identity": lambda a: a,
    "StopGradient": lambda a: a,
    "Enter": lambda a: a,
    "Snapshot": lambda a: a,
    "Add": _add,
    "AddV2": _add,
    "Sub": lambda a, b: _add(a, -b) if not isinstance(b, Span) else None,
    "Mul": _multiply,
    "RealDiv": _plain(lambda a, b: a / b if b else None),
    "Div": _plain(lambda a, b: a / b if b and np.issubdtype(a, np.floating) else None),
    "Reciprocal": _plain(lambda a: 1 / a if a else None),
    "Neg": _plain(lambda a: -a),
    "Floor": _floor,
    "Less": _less,
    "Greater": lambda a, b: _less(b, a),
    "GreaterEqual": lambda a, b: _not(_less(a, b)),
    "LessEqual": lambda a, b: _not(_less(b, a)),
    "Equal": _plain(lambda a, b: np.bool_(a == b)),
    "NotEqual": _plain(lambda a, b: np.bool_(a != b)),
    "LogicalNot": _plain(lambda a: np.bool_(not a)),
    "LogicalAnd": _plain(lambda a, b: np.bool_(a and b)),
    "LogicalOr": _plain(lambda a, b: np.bool_(a or b)),
}


def known_values(editor: GraphEditor, assumed: Mapping = {}) -> dict[Edge, Any]:
    """The value of every tensor that is known; the bound ones included."""
    known: dict[Edge, Any] = editor.bound | assumed
    consumers = editor.consumers()
    ahead = deque(editor.nodes.values())
    while ahead:
        node = ahead.popleft()
        item = Edge(node.name, 0)
        if item in known:
            continue
        value = value_of(node, known)
        if value is not None:
            known[item] = value
            if node.op in SWITCHES:
                known[Edge(node.name, 1)] = value
            ahead.extend(taker for taker, _ in consumers.get(node.name, ()))
    return known


def value_of(node, known) -> Any:
    """The value of a node's first output, or None."""
    if node.op == "Const":
        return constant_scalar(node)
    if node.op in ("IsVariableInitialized", "VarIsInitializedOp"):
        return np.bool_(True)  # it will be a constant
    if node.op in UNIFORM:
        dtype = tf.as_dtype(node.attr["dtype"].type).as_numpy_dtype
        return Span(dtype(0), dtype(1))
    values = [known.get(item) for item in data_inputs(node)]
    if node.op in ("Select", "SelectV2") and isinstance(values[0], np.bool_):
        return values[1] if values[0] else values[2]
    if node.op in RESHAPES + SWITCHES:
        return values[0]
    if not values or any(value is None for value in values):
        return None
    if node.op == "Cast" and not isinstance(values[0], Span):
        return tf.as_dtype(node.attr["DstT"].type).as_numpy_dtype(values[0])
    evaluate = VALUE_OF.get(node.op)
    with np.errstate(all="ignore"):
        return evaluate(*values) if evaluate else None


def set_scalar(node, value) -> None:
    """Make the node a constant of this value everywhere, of the shape it has."""
    shape = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
    set_inputs(node, [], control_inputs(node))
    node.op = "Const"
    node.attr.clear()
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, shape=shape))


def constant_scalar(node) -> Any:
    """The value of a Const of one element, numeric or bool; else None."""
    tensor = node.attr["value"].tensor
    size = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    dtype = tf.as_dtype(tensor.dtype)
    if size != 1 or not (dtype.is_floating or dtype.is_integer or dtype.is_bool):
        return None
    return tf.make_ndarray(tensor).reshape(-1)[0]
