"""Folds batch normalization into the layer before it (--fold).

In inference it is one factor and one term per channel: a convolution's kernel and bias
can contain them. The answers then differ by rounding.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor, Weight, copied
from helpers.graphs.op_kinds import BATCH_NORMS
from helpers.graphs.op_registry import attribute

LAYERS = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
ADDS = ("BiasAdd", "Add", "AddV2")
ARITHMETIC: dict[str, Callable[..., np.ndarray]] = {
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
    """What a node computes: source * factor + term, per channel."""

    source: Edge
    factor: np.ndarray
    term: np.ndarray


def fold_batch_norms(editor: GraphEditor) -> int:
    """Fold each batch normalization that directly follows a layer.

    Returns the number of batch normalizations folded.
    """
    for node in list(editor.nodes.values()):
        if node.name in editor.nodes:
            affine = _fused(editor, node) or _unfused(editor, node)
            if affine and _fold(editor, node, affine):
                editor.removed["batch normalization"] += 1
    prune(editor)
    return editor.removed["batch normalization"]


def _constant(editor: GraphEditor, item: Edge) -> np.ndarray | None:
    """The value of a tensor that is computed from constants only, or None."""
    node = editor.nodes[item.node]
    if node.name in editor.weights:
        return np.asarray(editor.weights[node.name].read())
    if node.op == "Const":
        return tf.make_ndarray(node.attr["value"].tensor)
    if node.op not in ARITHMETIC:
        return None
    values = [_constant(editor, item) for item in data_inputs(node)]
    if any(value is None for value in values):
        return None
    return ARITHMETIC[node.op](*values)


def _fused(editor: GraphEditor, node) -> Affine | None:
    """A FusedBatchNorm op in inference mode."""
    if node.op not in BATCH_NORMS or attribute(node, "is_training").b:
        return None
    source, *rest = data_inputs(node)
    values = [_constant(editor, item) for item in rest[:4]]
    if any(value is None for value in values):
        return None
    scale, offset, mean, variance = values
    epsilon = attribute(node, "epsilon").f
    factor = scale / np.sqrt(variance + np.float32(epsilon))
    return Affine(source, factor, offset - mean * factor)


def _unfused(editor: GraphEditor, node) -> Affine | None:
    """The sum of a product and a term that tf.nn.batch_normalization writes."""
    if node.op not in ("Add", "AddV2") or "batch" not in node.name.lower():
        return None
    for product, offset in _both_orders(node):
        multiply = editor.nodes[product.node]
        if multiply.op != "Mul":
            continue
        for source, scale in _both_orders(multiply):
            factor, term = _constant(editor, scale), _constant(editor, offset)
            if factor is not None and term is not None:
                return Affine(source, factor, term)
    return None


def _both_orders(node) -> list[tuple[Edge, Edge]]:
    first, second = data_inputs(node)
    return [(first, second), (second, first)]


def _fold(editor: GraphEditor, node, affine: Affine) -> bool:
    """Multiply the factor into the layer before the node, and add the term as a bias.

    Returns False, with the graph unchanged, if the node does not follow a layer, if
    another node or an output uses the layer, or if the kernel is not constant.
    """
    source, term = editor.nodes[affine.source.node], affine.term
    consumers = editor.consumers()
    if source.op in ADDS:
        before, added = data_inputs(source)
        bias = _constant(editor, added)
        if bias is None or len(consumers[source.name]) > 1:
            return False
        term, source = term + bias * affine.factor, editor.nodes[before.node]
    is_used = source.name in {item.node for item in editor.outputs}
    if source.op not in LAYERS or len(consumers[source.name]) > 1 or is_used:
        return False
    kernel = _constant(editor, data_inputs(source)[1])
    if kernel is None or (folded := _scaled(source, kernel, affine.factor)) is None:
        return False
    layer = copied(source)
    layer.input[1] = _add_weight(editor, f"{source.name}/folded_kernel", folded)
    editor.nodes[source.name] = layer
    term = np.broadcast_to(term, affine.factor.reshape(-1).shape).astype(np.float32)
    term_name = _add_weight(editor, f"{source.name}/folded_bias", term)
    name = editor.unused_name(f"{node.name}/folded")
    made = editor.add(name, "BiasAdd", [layer.name, term_name])
    made.attr["T"].type = tf.float32.as_datatype_enum
    if "data_format" in layer.attr:
        made.attr["data_format"].CopyFrom(layer.attr["data_format"])
    editor.rewire({Edge(node.name, 0): Edge(name, 0)})
    return True


def _scaled(layer, kernel: np.ndarray, factor: np.ndarray) -> np.ndarray | None:
    """The kernel times the factor of each output channel; None if the sizes differ."""
    channels = factor.reshape(-1)
    if layer.op == "DepthwiseConv2dNative":
        if channels.size != kernel.shape[2] * kernel.shape[3]:
            return None
        return kernel * channels.reshape(kernel.shape[2:])
    if layer.op == "MatMul" and attribute(layer, "transpose_b").b:
        return None
    return kernel * channels if channels.size == kernel.shape[-1] else None


def _add_weight(editor: GraphEditor, wanted: str, value: np.ndarray) -> str:
    weight = Weight(tf.as_dtype(value.dtype), value.shape, lambda: value)
    return editor.add_weight(editor.unused_name(wanted), weight)
