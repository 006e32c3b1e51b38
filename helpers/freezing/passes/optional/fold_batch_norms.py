"""Multiply batch normalization into the weights before it (--fold).

In inference it is one factor and one term a channel, which a convolution's kernel and
bias can take over; the answers then differ by rounding.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.batch_statistics import BATCH_NORMS
from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.editor import Edge, GraphEditor, copied, data_inputs
from helpers.graphs.op_registry import attribute

LAYERS = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
ADDS = ("BiasAdd", "Add", "AddV2")
ARITHMETIC = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Rsqrt": lambda a: np.float32(1) / np.sqrt(a),
    "Sqrt": np.sqrt,
    "Identity": lambda a: a,
}


class Affine(NamedTuple):
    """What a node does to each channel of `source`: times `factor`, plus `term`."""

    source: Edge
    factor: np.ndarray
    term: np.ndarray


def fold_batch_norms(editor: GraphEditor) -> int:
    """Fold each batch normalization that directly follows a layer; how many."""
    constants = Constants(editor)
    for node in list(editor.nodes.values()):
        if node.name in editor.nodes:
            affine = _fused(node, constants) or _unfused(editor, node, constants)
            if affine and _fold(editor, node, affine, constants):
                editor.removed["batch normalization"] += 1
    prune(editor)
    return editor.removed["batch normalization"]


class Constants:
    """Values of what is computed from constants only."""

    def __init__(self, editor: GraphEditor):
        self.editor = editor

    def value(self, item: Edge) -> np.ndarray | None:
        node = self.editor.nodes[item.node]
        if node.name in self.editor.weights:
            return np.asarray(self.editor.weights[node.name].read())
        if node.op == "Const":
            return tf.make_ndarray(node.attr["value"].tensor)
        if node.op not in ARITHMETIC:
            return None
        values = [self.value(item) for item in data_inputs(node)]
        if any(value is None for value in values):
            return None
        return ARITHMETIC[node.op](*values)


def _fused(node, constants: Constants) -> Affine | None:
    if node.op not in BATCH_NORMS or attribute(node, "is_training").b:
        return None
    source, *rest = data_inputs(node)
    values = [constants.value(item) for item in rest[:4]]
    if any(value is None for value in values):
        return None
    scale, offset, mean, variance = values
    epsilon = attribute(node, "epsilon").f
    factor = scale / np.sqrt(variance + np.float32(epsilon))
    return Affine(source, factor, offset - mean * factor)


def _unfused(editor: GraphEditor, node, constants: Constants) -> Affine | None:
    """x * factor + term, as tf.nn.batch_normalization writes it."""
    if node.op not in ("Add", "AddV2") or "batch" not in node.name.lower():
        return None
    for product, term in _both_ways(node):
        multiply = editor.nodes[product.node]
        if multiply.op != "Mul":
            continue
        for source, factor in _both_ways(multiply):
            values = constants.value(factor), constants.value(term)
            if values[0] is not None and values[1] is not None:
                return Affine(source, *values)
    return None


def _both_ways(node) -> list[tuple[Edge, Edge]]:
    first, second = data_inputs(node)
    return [(first, second), (second, first)]


def _fold(editor: GraphEditor, node, affine: Affine, constants: Constants) -> bool:
    """Let the layer before the node do its work; False where that is not possible."""
    source, term = editor.nodes[affine.source.node], affine.term
    taken = editor.consumers()
    if source.op in ADDS and source.op not in LAYERS:
        before, bias = data_inputs(source)
        bias = constants.value(bias)
        if bias is None or len(taken[source.name]) > 1:
            return False
        term, source = term + bias * affine.factor, editor.nodes[before.node]
    outputs = {item.node for item in editor.outputs}
    if source.op not in LAYERS or len(taken[source.name]) > 1 or source.name in outputs:
        return False
    kernel = constants.value(data_inputs(source)[1])
    if kernel is None or (folded := _scaled(source, kernel, affine.factor)) is None:
        return False
    layer = copied(source)
    layer.input[1] = _weight(editor, f"{source.name}/folded_kernel", folded)
    editor.nodes[source.name] = layer
    bias = _weight(
        editor,
        f"{source.name}/folded_bias",
        np.broadcast_to(term, affine.factor.reshape(-1).shape).astype(np.float32),
    )
    made = editor.add(
        editor.unused_name(f"{node.name}/folded"), "BiasAdd", [layer.name, bias]
    )
    made.attr["T"].type = tf.float32.as_datatype_enum
    if "data_format" in layer.attr:
        made.attr["data_format"].CopyFrom(layer.attr["data_format"])
    editor.rewire({Edge(node.name, 0): Edge(made.name, 0)})
    return True


def _scaled(layer, kernel: np.ndarray, factor: np.ndarray) -> np.ndarray | None:
    """The kernel times the factor of each output channel."""
    channels = factor.reshape(-1)
    if layer.op == "DepthwiseConv2dNative":
        if channels.size != kernel.shape[2] * kernel.shape[3]:
            return None
        return kernel * channels.reshape(kernel.shape[2:])
    if layer.op == "MatMul" and attribute(layer, "transpose_b").b:
        return None
    return kernel * channels if channels.size == kernel.shape[-1] else None


def _weight(editor: GraphEditor, wanted: str, value: np.ndarray) -> str:
    node = editor.add(editor.unused_name(wanted), "Const")
    dtype = tf.as_dtype(value.dtype)
    node.attr["dtype"].type = dtype.as_datatype_enum
    editor.weights[node.name] = Weight(dtype, value.shape, lambda: value)
    return node.name
