"""Input queues are cut from the graph, without the other passes."""

import tensorflow as tf

from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from tests.freezing.small_models import edited

tf1 = tf.compat.v1


def test_a_queue_becomes_a_placeholder():
    def build():
        queue = tf1.FIFOQueue(4, [tf.float32], shapes=[[3]])
        tf.identity(queue.dequeue_many(2, name="batch"), name="y")

    editor = edited(build)
    assert cut_inputs(editor) == 1
    assert editor.nodes["batch"].op == "Placeholder"
