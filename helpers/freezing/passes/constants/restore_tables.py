"""Replaces the saved contents of lookup tables with constants."""

import tensorflow as tf

from helpers.freezing.passes.prune.keep_tables import IMPORTS
from helpers.freezing.sources.checkpoint_values import restored_from
from helpers.graphs.edges import data_inputs
from helpers.graphs.editor import GraphEditor, Weight


def restore_tables(editor: GraphEditor) -> int:
    """Replace the keys and values that a saver restores; return the number of them."""
    checkpoint, restored = editor.context.values, 0
    for name in editor.initialisers:
        node = editor.nodes[name]
        if node.op not in IMPORTS:
            continue
        _, *contents = data_inputs(node)
        for position, item in enumerate(contents, start=1):
            saved = restored_from(editor.nodes, item)
            if saved is None or checkpoint is None:
                continue
            dtype = tf.as_dtype(checkpoint.dtypes[saved.key])
            shape, read = tuple(checkpoint.shape(saved)), checkpoint.reader(saved)
            made = editor.unused_name(f"{name}/{position}")
            node.input[position] = editor.add_weight(made, Weight(dtype, shape, read))
            restored += 1
    return restored
