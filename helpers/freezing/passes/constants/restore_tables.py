"""Replace the saved contents of lookup tables with constants."""

import tensorflow as tf

from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.freezing.passes.prune.keep_tables import IMPORTS
from helpers.freezing.sources.checkpoint_values import restored_from
from helpers.graphs.editor import GraphEditor, data_inputs


def restore_tables(editor: GraphEditor) -> int:
    """Replace what a saver would read into tables with constants; how many."""
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
            made = editor.add(editor.unused_name(f"{name}/{position}"), "Const")
            made.attr["dtype"].type = dtype.as_datatype_enum
            shape = tuple(checkpoint.shape(saved))
            read = checkpoint.reading(saved)
            editor.weights[made.name] = Weight(dtype, shape, read)
            node.input[position] = made.name
            restored += 1
    return restored
