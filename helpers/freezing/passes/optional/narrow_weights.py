"""Stores weights in 16 bits; loading a frozen graph casts them back to float32."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.graphs.editor import GraphEditor, Weight

NARROW = (tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum)
TYPES = {"float32": tf.float32, "float16": tf.float16, "bfloat16": tf.bfloat16}


def check_dtype(weights: str, *, plain: bool) -> None:
    """Raise FreezeError if weights cannot be stored in this type.

    Args:
      plain: whether every weight is a float32 Const, without a Cast after it.
    """
    if weights not in TYPES:
        choice = ", ".join(TYPES)
        raise FreezeError(f"no such weights: {weights!r}", f"choose one of {choice}")
    if plain and weights != "float32":
        raise FreezeError(
            f"plain weights are float32 constants, and {weights} needs casts",
            "leave out --plain or --weights",
        )


def narrow_weights(editor: GraphEditor) -> int:
    """Replace every float32 weight with a 16 bit Const and a Cast of the weight's name.

    Writing the weights adds the largest rounding error of each to
    `context.rounding_errors`.

    Returns:
      the number of weights.
    """
    weights, errors = editor.context.dtype, editor.context.rounding_errors
    dtype, narrowed = TYPES[weights], 0
    for name, weight in list(editor.weights.items()):
        if weight.dtype != tf.float32:
            continue
        read = _read_rounded(name, weight, dtype, errors)
        stored = editor.unused_name(f"{name}/{weights}")
        editor.add_weight(stored, Weight(dtype, weight.shape, read))
        cast = editor.add(name, "Cast", [stored])
        cast.attr["SrcT"].type = dtype.as_datatype_enum
        cast.attr["DstT"].type = tf.float32.as_datatype_enum
        del editor.weights[name]
        narrowed += 1
    return narrowed


def _read_rounded(
    name: str, weight: Weight, dtype: tf.DType, errors: dict[str, float]
) -> Callable[[], np.ndarray]:
    """A function that reads a weight, rounds it, and adds its error to `errors`."""

    def read() -> np.ndarray:
        exact = weight.read()
        with np.errstate(over="ignore"):
            rounded = exact.astype(dtype.as_numpy_dtype)
        wide = rounded.astype(np.float32)
        if not np.isfinite(wide)[np.isfinite(exact)].all():
            raise FreezeError(
                f"weight {name!r} has numbers too large for {dtype.name}",
                "store the weights as bfloat16 or float32, with --weights",
            )
        errors[name] = float(np.abs(wide - exact).max(initial=0))
        return rounded

    return read


def is_narrow(node) -> bool:
    """Whether the node is a constant of 16 bit floating point numbers."""
    return node.op == "Const" and node.attr["dtype"].type in NARROW


def widen(graph_def: tf1.GraphDef) -> None:
    """Replace the casts of 16 bit weights with float32 constants, in place.

    A session would run the casts of large weights again in every run.
    """
    stored = {node.name: node for node in graph_def.node if is_narrow(node)}
    for node in graph_def.node:
        if node.op != "Cast" or node.input[0] not in stored:
            continue
        if node.attr["DstT"].type != tf.float32.as_datatype_enum:
            continue
        value = tf.make_ndarray(stored[node.input[0]].attr["value"].tensor)
        node.op = "Const"
        del node.input[:]
        node.attr.clear()
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        tensor = tf.make_tensor_proto(value.astype(np.float32))
        node.attr["value"].tensor.CopyFrom(tensor)
