"""Freezes as the lesson does: import, restore, turn variables into constants.

`freeze.py` reads the checkpoint without a session; notebook 03 asserts that both give
the same fingerprint and the same predictions.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.session_config import session_config


def freeze_by_session(
    meta: str | Path, prefix: str, outputs: Sequence[str] = ("y_pred",)
) -> tf1.GraphDef:
    """The part of a checkpoint's graph that `outputs` need, its variables constants.

    Args:
      meta: the `.meta` file.
      prefix: the checkpoint's prefix, as `Saver.restore` takes it.
      outputs: op names, without `:0`.
    Raises:
      KeyError, tf.errors.OpError: as TensorFlow raises them.
    """
    graph = tf.Graph()
    with (
        graph.as_default(),
        tf1.Session(graph=graph, config=session_config()) as session,
    ):
        saver = tf1.train.import_meta_graph(str(meta), clear_devices=True)
        saver.restore(session, prefix)
        return tf1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), list(outputs)
        )
