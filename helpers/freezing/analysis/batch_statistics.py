"""Find ops that compute the mean and variance of a batch, as training does."""

from collections.abc import Mapping

import tensorflow as tf

from helpers.graphs.op_registry import attribute

BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def takes_batch_statistics(node, nodes: Mapping) -> bool:
    """Whether the op is a batch normalization in training, or a variance over rows.

    Args:
      nodes: all nodes of the graph or of the function by name.
    """
    if node.op in BATCH_NORMS:
        return attribute(node, "is_training").b
    return node.op == "Mean" and _is_variance(node, nodes) and _over_rows(node, nodes)


def _is_variance(node, nodes: Mapping) -> bool:
    """Whether a Mean is of squared differences from a mean, as in tf.nn.moments."""
    squares = _source(node, 0, nodes)
    if squares is None or squares.op != "SquaredDifference":
        return False
    center = _source(squares, 1, nodes)
    if center is not None and center.op == "StopGradient":
        center = _source(center, 0, nodes)
    return center is not None and center.op == "Mean"


def _over_rows(node, nodes: Mapping) -> bool:
    """Whether a Mean is taken over the first axis, of which a batch has its images."""
    axes = _source(node, 1, nodes)
    is_known = axes is not None and axes.op == "Const"
    return is_known and 0 in tf.make_ndarray(axes.attr["value"].tensor)


def _source(node, position: int, nodes: Mapping):
    """The node that an input comes from, or None for a function's argument."""
    return nodes.get(node.input[position].split(":")[0])
