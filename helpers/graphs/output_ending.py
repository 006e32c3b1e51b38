"""How a network ends: its last op, and the number of values in one answer."""

from collections.abc import Callable, Mapping
from typing import Any

from helpers.graphs.edges import Edge, data_inputs

PASSING = ("Identity", "Reshape", "Squeeze", "StopGradient", "Cast", "EnsureShape")
ACTIVATIONS = ("Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Relu", "Softplus")
SUMS = ("BiasAdd", "Add", "AddV2")
LAYERS = ("MatMul", "Conv2D")
LINEAR = (  # they keep a layer's sums what they are
    *("StridedSlice", "Slice", "ExpandDims", "Transpose", "Mean", "AvgPool", "MaxPool"),
    *(*PASSING, *SUMS),
)

Shape = tuple[int, ...]


def last_op(nodes: Mapping[str, Any], tensor: str) -> str | None:
    """The op that computes a tensor, before any that only pass it on."""
    node = _computing(nodes, Edge.parse(tensor).node)
    return node.op if node is not None else None


def _computing(nodes: Mapping[str, Any], name: str) -> Any:
    """The node that computes a value; None: an input of these is not in the graph."""
    node = nodes.get(name)
    while node is not None and node.op in PASSING and data_inputs(node):
        node = nodes.get(data_inputs(node)[0].node)
    return node


def is_sum_of_layer(nodes: Mapping[str, Any], tensor: str) -> bool:
    """Whether a tensor is the sums of a layer, without an activation after them."""
    ahead, has_layer = [Edge.parse(tensor).node], False
    while ahead:
        node = nodes.get(ahead.pop())
        if node is None or node.op not in (*LINEAR, *LAYERS, "Const"):
            return False
        has_layer |= node.op in LAYERS
        if node.op in LINEAR:
            inputs = [item.node for item in data_inputs(node)]
            ahead += inputs if node.op in SUMS else inputs[:1]
    return has_layer


def output_width(
    nodes: Mapping[str, Any], tensor: str, shape_of: Callable[[str], Shape | None]
) -> int | None:
    """The number of units of the layer that ends in a tensor; None: it is not clear.

    Args:
      shape_of: the shape of the constant of this name; None for any other op.
    """
    name = Edge.parse(tensor).node
    while (node := nodes.get(name)) is not None:
        inputs = [item.node for item in data_inputs(node)]
        if node.op in SUMS + LAYERS:
            shapes = [_constant_shape(nodes, source, shape_of) for source in inputs]
            if node.op == "MatMul":
                weights = shapes[1]
                rows = node.attr["transpose_b"].b
                return weights[0 if rows else -1] if weights else None
            found = [shape for shape in shapes[::-1] if shape]
            if found:
                return found[0][-1]
            return None
        if node.op not in PASSING + ACTIVATIONS or not inputs:
            return None
        name = inputs[0]
    return None


def _constant_shape(
    nodes: Mapping[str, Any], name: str, shape_of: Callable[[str], Shape | None]
) -> Shape | None:
    node = _computing(nodes, name)
    return shape_of(node.name) if node is not None and node.op == "Const" else None
