"""Find ops that compute the mean and variance of a batch, as training does."""

from collections.abc import Collection, Mapping

import tensorflow as tf

from helpers.graphs.op_kinds import BATCH_NORMS, VARIABLE_OPS
from helpers.graphs.op_registry import attribute
from helpers.graphs.traversal import find_reachable
from helpers.graphs.value_origins import PASSING


def takes_batch_statistics(node, nodes: Mapping) -> bool:
    """Whether the op is a batch normalization in training, or a variance over rows.

    Args:
      nodes: all nodes of the graph or of the function by name.
    """
    if node.op in BATCH_NORMS:
        return attribute(node, "is_training").b and not _is_over_a_row(node, nodes)
    if node.op == "Sub":
        is_variance = _is_difference_of_squares(node, nodes)
    else:
        is_variance = _over_rows(node, nodes) and _is_variance(node, nodes)
    return is_variance and _depends_on_inputs(node, nodes)


def _depends_on_inputs(node, nodes: Mapping) -> bool:
    """Whether a value is computed of more than weights, whose statistics are fixed."""

    def sources(name: str) -> list[str]:
        inputs = nodes[name].input  # in a function, NODE:OUTPUT:INDEX
        return [text.partition(":")[0] for text in inputs if not text.startswith("^")]

    found = find_reachable([node.name], sources, within=nodes)
    if any(source not in nodes for name in found for source in sources(name)):
        return True  # an argument of the function
    starts = (nodes[name] for name in found if not sources(name))
    return any(start.op not in ("Const", *VARIABLE_OPS) for start in starts)


def _is_over_a_row(node, nodes: Mapping) -> bool:
    """Whether each channel of a fused op is one row of the batch.

    LayerNormalization of Keras 2 does this: it reshapes its input to
    [1, rows, values, 1] and normalizes that with channels first.
    """
    if attribute(node, "data_format").s != b"NCHW":
        return False
    reshape = _before(node, 0, nodes, ("Identity", "StopGradient", "Cast"))
    if reshape is None or reshape.op != "Reshape":
        return False
    sizes = _before(reshape, 1, nodes, ("Identity",))
    if sizes is None or sizes.op != "Pack":
        return False
    first = _before(sizes, 0, nodes, ("Identity",))
    rows = _before(sizes, 1, nodes, ("Identity",))
    is_one = first is not None and first.op == "Const"
    is_one = is_one and tf.make_ndarray(first.attr["value"].tensor).item() == 1
    return is_one and (rows is None or rows.op != "Const")


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
    return _before(node, position, nodes, PASSING)


def _before(node, position: int, nodes: Mapping, passed: Collection[str]):
    """The node that computes an input, before ops in `passed`; None: an argument."""
    source = nodes.get(node.input[position].split(":")[0])
    while source is not None and source.op in passed:
        source = nodes.get(source.input[0].split(":")[0])
    return source
