"""Find ops that compute the mean and variance of a batch, as training does."""

from collections.abc import Mapping

import tensorflow as tf

from helpers.graphs.op_kinds import BATCH_NORMS
from helpers.graphs.op_registry import attribute

SAME_VALUES = ("Identity", "StopGradient", "Reshape", "Squeeze", "ExpandDims", "Cast")


def takes_batch_statistics(node, nodes: Mapping) -> bool:
    """Whether the op is a batch normalization in training, or a variance over rows.

    Args:
      nodes: all nodes of the graph or of the function by name.
    """
    if node.op in BATCH_NORMS:
        return attribute(node, "is_training").b
    if node.op == "Sub":
        return _is_difference_of_squares(node, nodes)
    return _over_rows(node, nodes) and _is_variance(node, nodes)


def _is_difference_of_squares(node, nodes: Mapping) -> bool:
    """Whether it is the mean of the squares less the square of the mean."""
    squares, mean = _source(node, 0, nodes), _squared(_source(node, 1, nodes), nodes)
    if not (_over_rows(squares, nodes) and _over_rows(mean, nodes)):
        return False
    return _squared(_source(squares, 0, nodes), nodes) is not None


def _is_variance(node, nodes: Mapping) -> bool:
    """Whether a Mean is of squared differences from a mean, as in tf.nn.moments."""
    difference = _source(node, 0, nodes)
    if difference is not None and difference.op != "SquaredDifference":
        difference = _squared(difference, nodes)
        if difference is None or difference.op != "Sub":
            return False
    if difference is None:
        return False
    sides = [_source(difference, position, nodes) for position in (0, 1)]
    return any(side is not None and side.op == "Mean" for side in sides)


def _squared(node, nodes: Mapping):
    """The node whose square this one is, or None."""
    if node is None or not (
        node.op == "Square" or (node.op == "Mul" and node.input[0] == node.input[1])
    ):
        return None
    return _source(node, 0, nodes)


def _over_rows(node, nodes: Mapping) -> bool:
    """Whether it is a Mean over the first axis, of which a batch has its images."""
    if node is None or node.op != "Mean":
        return False
    axes = _source(node, 1, nodes)
    is_known = axes is not None and axes.op == "Const"
    return is_known and 0 in tf.make_ndarray(axes.attr["value"].tensor)


def _source(node, position: int, nodes: Mapping):
    """The node that computes an input's values, or None for a function's argument."""
    source = nodes.get(node.input[position].split(":")[0])
    while source is not None and source.op in SAME_VALUES:
        source = nodes.get(source.input[0].split(":")[0])
    return source
