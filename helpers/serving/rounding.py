"""Rounds convolution kernels to bfloat16 so that the sum of each filter is kept.

If each of a filter's nine weights is rounded independently, all may come out too large,
and the error is multiplied by the brightness of a photo. Here the rounding error of a
weight is added to the next weight before that one is rounded (error diffusion). Source:
Floyd and Steinberg: An adaptive algorithm for spatial greyscale, 1976, for pixels.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.edges import Edge, consumers


def round_kernels(graph_def: tf1.GraphDef) -> dict[str, np.ndarray]:
    """Rounded kernels by op name, of the constants that only convolutions read."""
    readers = consumers(graph_def.node)
    return {
        node.name: round_kernel(tf.make_ndarray(node.attr["value"].tensor))
        for node in graph_def.node
        if node.op == "Const"
        and node.attr["dtype"].type == tf.float32.as_datatype_enum
        and _has_four_axes(node.attr["value"].tensor)
        and _is_kernel(node.name, readers)
    }


def _has_four_axes(tensor) -> bool:
    """Whether a TensorProto has rank 4 and stores every value.

    One stored value may stand for an array that is larger than memory.
    """
    return len(tensor.tensor_shape.dim) == 4 and bool(tensor.tensor_content)


def _is_kernel(name: str, readers: Mapping) -> bool:
    """Whether a node is read only by Conv2D ops, and only as their kernel.

    Identity ops between them are followed.
    """
    names, found = [name], []
    for source in names:  # the list grows
        for node, _ in readers.get(source, ()):
            if node.op != "Identity" or node.name not in readers:
                found.append(
                    node.op == "Conv2D" and Edge.parse(node.input[0]).node != source
                )
            elif node.name not in names:
                names.append(node.name)
    return bool(found) and all(found)


def round_kernel(kernel: np.ndarray) -> np.ndarray:
    """A kernel rounded to bfloat16 values, the sum of each filter almost unchanged.

    Weights are rounded from the largest to the smallest: the error of the last one,
    which is not passed on, is then the smallest.

    Args:
      kernel: float32, shape [height, width, channels, filters].
    Returns:
      float32, the same shape.
    """
    height, width, channels, filters = kernel.shape
    weights = kernel.reshape(height * width, channels * filters)
    order = np.argsort(-np.abs(weights), axis=0)
    error = np.float32(0)
    found = np.empty_like(weights)
    for place, weight in enumerate(np.take_along_axis(weights, order, axis=0)):
        found[place] = (weight + error).astype(tf.bfloat16.as_numpy_dtype)
        error = weight + error - found[place]
    rounded = np.empty_like(weights)
    np.put_along_axis(rounded, order, found, axis=0)
    return rounded.reshape(kernel.shape)
