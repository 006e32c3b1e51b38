"""Keep lookup tables usable: what fills them stays, to be run when it is loaded.

What fills a table is in no output's past, so that pruning alone would lose it.
"""

import tensorflow as tf

from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.freezing.sources.checkpoint_values import Checkpoint, restored_from
from helpers.graphs.editor import Edge, GraphEditor, copied, data_inputs

TABLES = ("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")
TABLES += ("MutableDenseHashTable", "MutableDenseHashTableV2")
FROM_TENSORS = ("InitializeTable", "InitializeTableV2")
FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
IMPORTS = ("LookupTableImport", "LookupTableImportV2")


def keep_tables(editor: GraphEditor, everything: dict) -> None:
    """Bring what fills the graph's tables back, and record it to be run when loaded.

    Args:
      everything: the nodes of the whole graph by name.
    """
    tables = {node.name for node in editor.nodes.values() if node.op in TABLES}
    if not tables:
        return
    for node in everything.values():
        if node.op not in FROM_TENSORS + FROM_FILE + IMPORTS:
            continue
        if table_of(everything, data_inputs(node)[0]) in tables:
            _bring(editor, everything, node.name)
            editor.initialisers.append(node.name)


def table_of(nodes: dict, item: Edge) -> str:
    """The table op behind a handle."""
    while nodes[item.node].op == "Identity":
        item = data_inputs(nodes[item.node])[0]
    return item.node


def _bring(editor: GraphEditor, everything: dict, name: str) -> None:
    ahead = [name]
    while ahead:
        name = ahead.pop()
        if name in editor.nodes:
            continue
        editor.nodes[name] = copied(everything[name])
        ahead += [item.node for item in data_inputs(everything[name])]


def restore_tables(editor: GraphEditor, checkpoint: Checkpoint | None) -> None:
    """Put constants in place of what a saver would read for a table."""
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
