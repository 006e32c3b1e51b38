"""Imports a GraphDef into a graph of its own.

Taught in notebooks/04_run_the_frozen_graph.ipynb.
"""

from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1


def import_alone(graph_def: tf1.GraphDef, *names: str) -> tuple[Any, ...]:
    """A new graph that holds nothing else, and its tensors with these names.

    Args:
      names: as in "y_pred:0"; the nodes keep the names that they have.
    """
    with tf.Graph().as_default() as graph:
        ends = tf1.import_graph_def(graph_def, return_elements=names, name="")
    return graph, *ends
