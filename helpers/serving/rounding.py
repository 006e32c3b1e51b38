"""Kernels of convolutions rounded to bfloat16, so that the sum of each filter stays.

Rounded one by one, the nine weights of a filter may all come out too large, and the
brightness of a photo makes much of that. Here each weight takes along what the one
before it lost: what is too much at one pixel is too little at the next. Source: Floyd
and Steinberg: An adaptive algorithm for spatial greyscale, 1976, for pixels.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.editor import consumers, edge


def rounded_kernels(graph_def: tf1.GraphDef) -> dict[str, np.ndarray]:
    """Each constant kernel that only convolutions read, rounded; by its name."""
    takers = consumers(graph_def.node)
    return {
        node.name: rounded(tf.make_ndarray(node.attr["value"].tensor))
        for node in graph_def.node
        if node.op == "Const"
        and node.attr["dtype"].type == tf.float32.as_datatype_enum
        and _has_four_axes(node.attr["value"].tensor)
        and _is_kernel(node.name, takers)
    }


def _has_four_axes(tensor) -> bool:
    """And all its numbers are there: one may stand for more than memory holds."""
    return len(tensor.tensor_shape.dim) == 4 and bool(tensor.tensor_content)


def _is_kernel(name: str, takers: Mapping) -> bool:
    """Whether all that read it are convolutions, and read it as their kernel."""
    readers = _readers(name, takers)
    return bool(readers) and all(
        node.op == "Conv2D" and edge(node.input[0]).node != source
        for node, source in readers
    )


def _readers(name: str, takers: Mapping) -> list[tuple]:
    """Who reads a node, or an Identity of it, and by which name."""
    names, found = [name], []
    for source in names:  # it grows
        for node, _ in takers.get(source, ()):
            if node.op != "Identity" or node.name not in takers:
                found.append((node, source))
            elif node.name not in names:
                names.append(node.name)
    return found


def rounded(kernel: np.ndarray) -> np.ndarray:
    """A kernel whose numbers bfloat16 holds, each filter's sum almost as it was.

    The largest come first: the last, which nothing follows, loses least.

    Args:
      kernel: float32, shape [height, width, channels, filters].
    """
    height, width, channels, filters = kernel.shape
    weights = kernel.reshape(height * width, channels * filters)
    order = np.argsort(-np.abs(weights), axis=0)
    lost = np.float32(0)
    found = np.empty_like(weights)
    for place, weight in enumerate(np.take_along_axis(weights, order, axis=0)):
        found[place] = (weight + lost).astype(tf.bfloat16.as_numpy_dtype)
        lost = weight + lost - found[place]
    made = np.empty_like(weights)
    np.put_along_axis(made, order, found, axis=0)
    return made.reshape(kernel.shape)
