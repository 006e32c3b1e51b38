"""The same graph in the order that TensorFlow fuses: convolution, bias, Relu.

A Relu behind a MaxPool is a step of its own. The largest of some numbers, cut off at
zero, is the largest of those numbers cut off at zero; so the two may change places.
"""

import tensorflow.compat.v1 as tf1

from helpers.graphs.editor import consumers, edge


def relu_before_pool(graph_def: tf1.GraphDef, output: str) -> None:
    """Swaps the two, in place, where no other op reads the tensor between them.

    The name of each stays with its place: `MaxPool`'s is the result from now on, for
    all that asked for `Relu`'s.

    Args:
      output: the op, or tensor, that must stay what it is.
    """
    nodes = {node.name: node for node in graph_def.node}
    takers = consumers(graph_def.node)
    for relu in graph_def.node:
        pool = relu.op == "Relu" and relu.input and nodes.get(edge(relu.input[0]).node)
        if not pool or pool.op != "MaxPool" or not pool.input:
            continue
        is_seen = [node for node, _ in takers[pool.name]] != [relu]
        if is_seen or edge(output).node in (relu.name, pool.name):
            continue
        for taker, taken in takers.get(relu.name, ()):
            for number, text in enumerate(taker.input):
                if edge(text) == taken and not taken.control:
                    taker.input[number] = pool.name
        relu.input[0], pool.input[0] = pool.input[0], relu.name
