"""`save_old_network`, which makes a checkpoint of TensorFlow's first versions."""

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.training.old_network import save_old_network


def ops_in(prefix) -> list[str]:
    """The ops in the graph of a checkpoint's `.meta` file."""
    data = prefix.with_suffix(".meta").read_bytes()
    return [node.op for node in tf1.MetaGraphDef.FromString(data).graph_def.node]


@pytest.mark.parametrize("op", ["Variable", "VariableV2"])
def test_the_variables_of_an_old_network_are_of_the_requested_op(tmp_path, op):
    save_old_network(tmp_path / "old", variable_op=op)
    kinds = [kind for kind in ops_in(tmp_path / "old") if kind.startswith("Var")]
    assert kinds == [op]


def test_an_old_network_that_counts_has_one_more_variable_and_its_update(tmp_path):
    save_old_network(tmp_path / "counting", counts=True)
    ops = ops_in(tmp_path / "counting")
    assert ops.count("VariableV2") == 2
    assert ops.count("AssignAdd") == 1


def test_an_old_network_stores_its_weights(tmp_path):
    save_old_network(tmp_path / "old")
    reader = tf.train.load_checkpoint(str(tmp_path / "old"))
    assert reader.get_tensor("w").tolist() == [[1], [2]]
