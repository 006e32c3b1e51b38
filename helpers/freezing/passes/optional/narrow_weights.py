"""Store weights in 16 bits; they are cast back once, when the graph is loaded."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.graphs.editor import GraphEditor

NARROW = (tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum)
TYPES = {"float32": tf.float32, "float16": tf.float16, "bfloat16": tf.bfloat16}


def narrow_weights(editor: GraphEditor) -> int:
    """Store every float32 weight in 16 bits, a Const behind a Cast of its name.

    `context.rounding_errors` is filled with each weight's largest error when the
    weights are written.

    Returns:
      the number of weights.
    """
    weights, errors = editor.context.dtype, editor.context.rounding_errors
    dtype, narrowed = TYPES[weights], 0
    for name, weight in list(editor.weights.items()):
        if weight.dtype != tf.float32:
            continue
        stored = editor.unused_name(f"{name}/{weights}")
        constant = editor.add(stored, "Const")
        constant.attr["dtype"].type = dtype.as_datatype_enum
        cast = editor.add(name, "Cast", [stored])
        cast.attr["SrcT"].type = dtype.as_datatype_enum
        cast.attr["DstT"].type = tf.float32.as_datatype_enum
        del editor.weights[name]
        read = _rounded(name, weight, dtype, errors)
        editor.weights[stored] = Weight(dtype, weight.shape, read)
        narrowed += 1
    return narrowed


def _rounded(name: str, weight: Weight, dtype: tf.DType, errors: dict) -> Callable:
    def read() -> np.ndarray:
        exact = weight.read()
        with np.errstate(over="ignore"):
            rounded = exact.astype(dtype.as_numpy_dtype)
        if not np.isfinite(rounded.astype(np.float32))[np.isfinite(exact)].all():
            raise FreezeError(
                f"weight {name!r} has numbers too large for {dtype.name}",
                "store the weights as bfloat16 or float32, with --weights",
            )
        wide = rounded.astype(np.float32)
        errors[name] = float(np.abs(wide - exact).max(initial=0))
        return rounded

    return read


def is_narrow(node) -> bool:
    """Whether the node is a constant of 16 bits."""
    return node.op == "Const" and node.attr["dtype"].type in NARROW


def widen(graph_def: tf1.GraphDef) -> None:
    """Cast the 16 bit weights of a GraphDef back to float32 constants, in place.

    A session would cast large ones again in every run.
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
