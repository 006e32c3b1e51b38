"""Kernels of convolutions rounded to bfloat16, so that the sum of each filter stays.

Rounded one by one, the nine weights of a filter may all come out too large, and the
brightness of a photo makes much of that. Here each weight takes along what the one
before it lost: what is too much at one pixel is too little at the next. Source: Floyd
and Steinberg: An adaptive algorithm for spatial greyscale, 1976, for pixels.
"""

import numpy as np
import tensorflow as tf

from helpers.freezing.drafts import Draft, edge

tf1 = tf.compat.v1


def rounded_kernels(graph_def: tf1.GraphDef) -> dict[str, np.ndarray]:
    """Each constant kernel that only convolutions read, rounded; by its name."""
    nodes = {node.name: node for node in graph_def.node}
    takers = Draft(nodes, {}, graph_def.versions, []).consumers()
    constants = [node for node in graph_def.node if node.op == "Const"]
    kernels = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in constants
        if _is_kernel(node.name, takers)
    }
    return {
        name: rounded(kernel)
        for name, kernel in kernels.items()
        if kernel.dtype == np.float32
    }


def _is_kernel(name: str, takers) -> bool:
    """Whether all that read it are convolutions, and read it as their kernel."""
    readers = [node for node, _ in takers.get(name, ())]
    return bool(readers) and all(
        _is_kernel(node.name, takers)
        if node.op == "Identity"
        else node.op == "Conv2D" and edge(node.input[0]).node != name
        for node in readers
    )


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
