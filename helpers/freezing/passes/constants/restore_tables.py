"""Replaces the saved contents of lookup tables with constants."""

import numpy as np
import tensorflow as tf

from helpers.freezing.passes.prune.keep_tables import IMPORTS, source_of
from helpers.freezing.sources.checkpoint_values import SavedTensor, restored_from
from helpers.graphs.edges import data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor, Weight
from helpers.graphs.op_registry import attribute

DENSE = ("MutableDenseHashTable", "MutableDenseHashTableV2")


def restore_tables(editor: GraphEditor) -> int:
    """Replace the keys and values that a saver restores; return the number of them."""
    checkpoint, restored = editor.context.values, 0
    for name in editor.initialisers:
        node = editor.nodes[name]
        if node.op not in IMPORTS or checkpoint is None:
            continue
        handle, *contents = data_inputs(node)
        saved = [restored_from(editor.nodes, item) for item in contents]
        table = editor.nodes[source_of(editor.nodes, handle)]
        if table.op in DENSE and all(saved):
            restored += _insert_rows(editor, node, table, saved)
            continue
        for position, place in enumerate(saved, start=1):
            if place is None:
                continue
            dtype = tf.as_dtype(checkpoint.dtypes[place.key])
            shape, read = tuple(checkpoint.shape(place)), checkpoint.reader(place)
            made = editor.unused_name(f"{name}/{position}")
            node.input[position] = editor.add_weight(made, Weight(dtype, shape, read))
            restored += 1
    return restored


def _insert_rows(
    editor: GraphEditor, node, table, saved: list[SavedTensor | None]
) -> int:
    """Let the node insert the rows of a dense table; return the number of tensors.

    A checkpoint holds all buckets of the table, most of them with the key for empty
    ones. The op that imports buckets takes them only where their shape is unknown.
    """
    checkpoint = editor.context.values
    keys, values = (checkpoint.read(place) for place in saved)
    rows = keys.reshape(len(keys), -1)
    used = np.ones(len(keys), bool)
    for item in data_inputs(table):  # the keys for empty and for deleted buckets
        source = editor.nodes[source_of(editor.nodes, item)]
        if source.op == "Const":
            unused = tf.make_ndarray(source.attr["value"].tensor).reshape(1, -1)
            used &= (rows != unused).any(axis=1)
    key_shape = () if keys.ndim == 2 and keys.shape[1] == 1 else keys.shape[1:]
    row = [dim.size for dim in attribute(table, "value_shape").shape.dim]
    handle = data_inputs(node)[0]
    arrays = keys[used].reshape(-1, *key_shape), values[used].reshape(-1, *row)
    inputs = [
        editor.add_constant(f"{node.name}/{part}", array, checkpoint.dtypes[place.key])
        for part, array, place in zip(("keys", "rows"), arrays, saved, strict=True)
        if place
    ]
    node.op = node.op.replace("Import", "Insert")
    set_inputs(node, [handle, *inputs])
    return len(inputs)
