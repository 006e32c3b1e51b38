"""Reads of variables become identities, without the other passes."""

import tensorflow as tf

from helpers.freezing.passes.constants.read_values import read_values
from tests.freezing.small_models import edited

tf1 = tf.compat.v1


def test_each_read_becomes_an_identity():
    def build():
        variable = tf1.get_variable("v", [2], use_resource=True)
        tf.identity(variable.read_value(), name="y")

    editor = edited(build)
    reads = [n.name for n in editor.nodes.values() if n.op == "ReadVariableOp"]
    assert read_values(editor) >= len(reads) > 0
    assert {editor.nodes[name].op for name in reads} == {"Identity"}
