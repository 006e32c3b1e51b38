"""Binds scalar inputs such as `keep_prob` and `is_training` when a graph is loaded.

The freezer's own analysis decides: by the masks of dropouts, by the conditionals that
a switch controls, and by names.
"""

from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.passes.inference.bind_dropouts import bind_dropouts
from helpers.freezing.passes.inference.bind_switches import (
    bind_switches,
    is_fed_scalar,
)
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor

LARGE = 4096  # bytes of a constant that no analysis needs


def bound_scalars(
    graph_def: tf1.GraphDef, outputs: Collection[str], stated: Mapping[str, float]
) -> dict[str, np.generic]:
    """The inference values of the placeholders of one element, by op name.

    Args:
      stated: the values that the card states, by the name of an op or a tensor.
    """
    scalars = {node.name: node for node in graph_def.node if is_fed_scalar(node)}
    if not scalars:
        return {}
    found = _analysed(graph_def, outputs)
    for name, node in scalars.items():
        dtype = tf.as_dtype(node.attr["dtype"].type)
        value = stated.get(name, stated.get(f"{name}:0"))
        if value is not None:
            found[name] = dtype.as_numpy_dtype(value)
    return {name: value for name, value in found.items() if name in scalars}


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
