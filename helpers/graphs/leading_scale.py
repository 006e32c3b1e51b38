"""The scaling that a network itself applies to its input, read from the graph.

Keras's Rescaling and Normalization layers, a batch normalization, or written-out
arithmetic with constants at the beginning of a network are one multiplication and one
addition a channel. From them follows which range the network's input has.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.graphs.edges import Edge, consumers, data_inputs
from helpers.graphs.op_kinds import BATCH_NORMS
from helpers.graphs.op_registry import attribute

RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}
PASSING = (
    *("Identity", "StopGradient", "Cast", "EnsureShape", "PreventGradient", "Snapshot"),
    *("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "Reshape"),
    *("Squeeze", "ExpandDims", "ReverseV2", "StridedSlice", "PlaceholderWithDefault"),
)
SUMS, DIFFERENCES = ("Add", "AddV2", "BiasAdd"), ("Sub",)
PRODUCTS, QUOTIENTS = ("Mul",), ("RealDiv", "Div")
OF_CONSTANTS: dict[str, Callable] = {
    "Sqrt": np.sqrt,
    "Rsqrt": lambda a: 1 / np.sqrt(a),
    "Reciprocal": lambda a: 1 / a,
    "Inv": lambda a: 1 / a,
    "Neg": np.negative,
    "Square": np.square,
    "Maximum": np.maximum,
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
}
TARGET_SPAN = 6.0  # a normalised input has three standard deviations on either side
LARGEST = 4096  # elements of a constant that may scale channels


class LeadingScale(NamedTuple):
    """What becomes of an input x before the network's first layer: scale * x + offset.

    Both are float64, of one element or one a channel.
    """

    scale: np.ndarray
    offset: np.ndarray
    ops: tuple[str, ...]  # the names of the ops

    def ends(self, pixels: str) -> tuple[float, float]:
        """The lowest and the highest value that a range of pixels becomes."""
        found = [self.scale * end + self.offset for end in RANGES[pixels]]
        return float(np.mean(np.minimum(*found))), float(np.mean(np.maximum(*found)))

    @property
    def pixels(self) -> str:
        """The range that becomes the most like a normalised input."""
        return min(RANGES, key=self._distance)

    def _distance(self, pixels: str) -> float:
        """How far the range's span, and its middle, are from a normalised input's."""
        low, high = self.ends(pixels)
        span = max(high - low, 1e-12)
        too_wide = max(0.0, math.log(span / TARGET_SPAN))
        too_narrow = max(0.0, -math.log(span))
        return too_wide + too_narrow + abs(high + low) / 2 / span

    def describe(self) -> str:
        scale, offset = float(np.mean(self.scale)), float(np.mean(self.offset))
        sign = "-" if offset < 0 else "+"
        scaled = f"{scale:.3g} x {sign} {abs(offset):.3g}"
        return f"the network itself computes {scaled} ({self.ops[0]})"


def leading_scale(graph_def, tensor: str) -> LeadingScale | None:
    """The scaling at the beginning of a network; None: it has none.

    Args:
      tensor: the network's input.
    """
    nodes = {node.name: node for node in graph_def.node}
    readers = consumers(graph_def.node)
    scale, offset = np.ones(1), np.zeros(1)
    here, ops = Edge.parse(tensor), []
    while True:
        taking = [n for n, edge in readers.get(here.node, ()) if edge == here]
        taking = [node for node in taking if node.op not in ("Shape", "Assert")]
        step = _step(taking[0], here, nodes) if len(taking) == 1 else None
        if step is None:
            break
        factor, summand = step
        if len({factor.size, summand.size, scale.size} - {1}) > 1:
            break
        if np.any(factor != 1) or np.any(summand != 0):
            ops.append(taking[0].name)
        scale, offset = scale * factor, offset * factor + summand
        here = Edge(taking[0].name, 0)
    usable = np.all(np.isfinite(scale)) and np.all(np.isfinite(offset)) and scale.any()
    return LeadingScale(scale, offset, tuple(ops)) if ops and usable else None


def _step(node, source: Edge, nodes: dict) -> tuple[np.ndarray, np.ndarray] | None:
    """The factor and the summand of one op; None: it is not of this kind."""
    one, zero = np.ones(1), np.zeros(1)
    inputs = data_inputs(node)
    if node.op in PASSING:
        return (one, zero) if inputs[0] == source else None
    if node.op in BATCH_NORMS and not attribute(node, "is_training").b:
        values = [_constant(item, nodes) for item in inputs[1:5]]
        if inputs[0] != source or any(value is None for value in values):
            return None
        gamma, beta, mean, variance = values
        factor = gamma / np.sqrt(variance + attribute(node, "epsilon").f)
        return factor, beta - mean * factor
    if len(inputs) != 2 or node.op not in SUMS + DIFFERENCES + PRODUCTS + QUOTIENTS:
        return None
    is_first = inputs[0] == source
    value = _constant(inputs[1] if is_first else inputs[0], nodes)
    if value is None:
        return None
    if node.op in SUMS:
        return one, value
    if node.op in PRODUCTS:
        return value, zero
    if node.op in QUOTIENTS:
        with np.errstate(all="ignore"):
            return (1 / value, zero) if is_first else None
    return (one, -value) if is_first else (-one, value)


def _constant(item: Edge, nodes: dict, depth: int = 0) -> np.ndarray | None:
    """The value that constants determine, flat: one number, or one a channel."""
    node = nodes.get(item.node)
    if node is None or item.output_index or depth > 8:
        return None
    if node.op == "Const":
        return _numbers(node.attr["value"].tensor)
    inputs = data_inputs(node)
    if node.op in PASSING and inputs:
        return _constant(inputs[0], nodes, depth + 1)
    if node.op not in OF_CONSTANTS:
        return None
    values = []
    for one in inputs:
        value = _constant(one, nodes, depth + 1)
        if value is None:
            return None
        values.append(value)
    if len({value.size for value in values} - {1}) > 1:
        return None
    with np.errstate(all="ignore"):
        return OF_CONSTANTS[node.op](*values)


def _numbers(tensor) -> np.ndarray | None:
    """A constant as float64, if only its last axis may be longer than one."""
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    count = math.prod(sizes)
    dtype = tf.as_dtype(tensor.dtype) if tensor.dtype else tf.string
    is_number = dtype.is_floating or dtype.is_integer
    if not is_number or not 1 <= count <= LARGEST or count not in (1, *sizes):
        return None  # channels may be the last axis, or the first of three
    return tf.make_ndarray(tensor).astype(np.float64).reshape(-1)
