"""Moves Relu before MaxPool: TensorFlow fuses a convolution, its bias and its Relu.

A Relu after a MaxPool runs as a kernel of its own. Both orders give the same result,
because max(0, max(a, b)) = max(max(0, a), max(0, b)).
"""

import tensorflow.compat.v1 as tf1

from helpers.graphs.edges import Edge, consumers


def relu_before_pool(graph_def: tf1.GraphDef, *outputs: str) -> None:
    """Swap each MaxPool with the Relu that follows it, in place.

    Pairs are left as they are if another op reads the MaxPool. Consumers of the Relu
    read the MaxPool afterwards.

    Args:
      outputs: the ops or tensors whose values must not change.
    """
    kept = {Edge.parse(output).node for output in outputs}
    nodes = {node.name: node for node in graph_def.node}
    readers = consumers(graph_def.node)
    for relu in graph_def.node:
        if relu.op != "Relu" or not relu.input:
            continue
        pool = nodes.get(Edge.parse(relu.input[0]).node)
        if not pool or pool.op != "MaxPool" or not pool.input:
            continue
        is_shared = [node for node, _ in readers[pool.name]] != [relu]
        if is_shared or not kept.isdisjoint((relu.name, pool.name)):
            continue
        for reader, read in readers.get(relu.name, ()):
            for number, text in enumerate(reader.input):
                if Edge.parse(text) == read and not read.control:
                    reader.input[number] = pool.name
        relu.input[0], pool.input[0] = pool.input[0], relu.name
