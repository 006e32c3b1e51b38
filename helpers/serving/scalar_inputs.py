"""Binds scalar inputs such as `keep_prob` and `is_training` when a graph is loaded.

The freezer's own analysis decides: by the masks of dropouts, by the conditionals that
a switch controls, and by names.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.foreign.texts import shown
from helpers.freezing.passes.inference.bind_dropouts import bind_dropouts
from helpers.freezing.passes.inference.bind_switches import (
    bind_switches,
    is_fed_scalar,
)
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.wiring import type_of

LARGE = 4096  # bytes of a constant that no analysis needs


def bound_scalars(
    graph_def: tf1.GraphDef, outputs: Collection[str], stated: Mapping[str, float]
) -> dict[str, np.generic]:
    """The inference values of the placeholders of one element, by op name.

    Args:
      stated: the values that the card states, by the name of an op or a tensor.
    Raises:
      ValueError: the type of an input cannot represent the value stated for it.
    """
    scalars = {node.name: node for node in graph_def.node if is_fed_scalar(node)}
    if not scalars:
        return {}
    found = _analysed(graph_def, outputs)
    for name, node in scalars.items():
        value = stated.get(name, stated.get(f"{name}:0"))
        if value is not None:
            found[name] = _scalar(name, node, value)
    return {name: value for name, value in found.items() if name in scalars}


def _scalar(name: str, node, value: float) -> np.generic:
    """The stated value as a scalar of the input's type; floats may be rounded.

    Raises:
      ValueError: the type cannot represent it.
    """
    dtype = type_of(node.attr["dtype"].type)
    kind = dtype.name if dtype else "of no known type"
    if dtype and (dtype.is_floating or dtype.is_integer or dtype.is_bool):
        with suppress(OverflowError), np.errstate(over="ignore"):
            made = dtype.as_numpy_dtype(value)
            if np.isfinite(made) and (dtype.is_floating or made == value):
                return made
    raise ValueError(f"bound: {name} is {shown(value)}, and the input is {kind}")


def _analysed(
    graph_def: tf1.GraphDef, outputs: Collection[str]
) -> dict[str, np.generic]:
    """The values that the freezer's passes give to placeholders."""
    editor = GraphEditor.of(_without_weights(graph_def), map(Edge.parse, outputs))
    inline_calls(editor)
    bind_switches(editor)
    bind_dropouts(editor)
    return {item.node: value for item, value in editor.bound.items()}


def _without_weights(graph_def: tf1.GraphDef) -> tf1.GraphDef:
    """A copy in which large constants have a shape of two elements and no value."""
    made = tf1.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node in graph_def.node:
        if node.op != "Const" or node.attr["value"].tensor.ByteSize() <= LARGE:
            made.node.add().CopyFrom(node)
            continue
        empty = made.node.add(name=node.name, op="Const")
        dtype = node.attr["dtype"].type
        empty.attr["dtype"].type = empty.attr["value"].tensor.dtype = dtype
        empty.attr["value"].tensor.tensor_shape.dim.add(size=2)
    return made
