"""Saves a small network whose variables are ops of TensorFlow's first versions.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

WRITABLE = "VariableV2"  # the oldest kind of variable that TensorFlow still makes


def save_old_network(
    prefix: str | Path, *, variable_op: str = WRITABLE, counts: bool = False
) -> None:
    """Save the checkpoint of a network that answers `y_pred = x @ [[1], [2]]`.

    Args:
      variable_op: the op of its variables in the `.meta` file: "Variable" up to
        TensorFlow 0.11, "VariableV2" after it.
      counts: whether each prediction adds 1 to a second variable, `count`.
    """
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None, 2], name="x")
        w = tf1.get_variable("w", initializer=[[1.0], [2.0]], use_resource=False)
        updates = []
        if counts:
            count = tf1.get_variable("count", initializer=0.0, use_resource=False)
            updates.append(tf1.assign_add(count, 1.0))
        with tf.control_dependencies(updates):
            tf.matmul(x, w, name="y_pred")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(prefix))
    _rename_op(Path(f"{prefix}.meta"), WRITABLE, variable_op)


def _rename_op(path: Path, op: str, name: str) -> None:
    """Give another name to each op of a kind in a `.meta` file."""
    meta = tf1.MetaGraphDef.FromString(path.read_bytes())
    for node in meta.graph_def.node:
        if node.op == op:
            node.op = name
    path.write_bytes(meta.SerializeToString())
