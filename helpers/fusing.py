"""The same graph in the order that TensorFlow fuses: convolution, bias, Relu.

A Relu behind a MaxPool is a step of its own. The largest of some numbers, cut off at
zero, is the largest of those numbers cut off at zero; so the two may change places.
"""

from collections import defaultdict

import tensorflow as tf

tf1 = tf.compat.v1


def relu_before_pool(graph_def: tf1.GraphDef, output: str) -> None:
    """Changes the two where nobody else asks for what is between them, in place.

    The name of each stays with its place: `MaxPool`'s is the result from now on, for
    all that asked for `Relu`'s.

    Args:
      output: the op, or tensor, that must stay what it is.
    """
    nodes = {node.name: node for node in graph_def.node}
    readers = defaultdict(list)
    for node in graph_def.node:
        for source in node.input:
            readers[source.lstrip("^").partition(":")[0]].append(node)
    for relu in graph_def.node:
        pool = nodes.get(relu.input[0]) if relu.op == "Relu" else None
        kept = output.partition(":")[0] in (relu.name, pool and pool.name)
        if not pool or pool.op != "MaxPool" or readers[pool.name] != [relu] or kept:
            continue
        for reader in readers[relu.name]:
            for number, source in enumerate(reader.input):
                if source.partition(":")[0] == relu.name:
                    reader.input[number] = pool.name
        relu.input[0], pool.input[0] = pool.input[0], relu.name
