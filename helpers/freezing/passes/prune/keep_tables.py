"""Keep the initialisers of lookup tables.

No output depends on what fills a table, so that pruning alone would remove it.
"""

from collections.abc import Mapping

from helpers.graphs.editor import Edge, GraphEditor, copied, data_inputs

TABLES = ("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")
TABLES += ("MutableDenseHashTable", "MutableDenseHashTableV2")
FROM_TENSORS = ("InitializeTable", "InitializeTableV2")
FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
IMPORTS = ("LookupTableImport", "LookupTableImportV2")


def keep_tables(editor: GraphEditor) -> int:
    """Bring back what fills the graph's tables, as initialisers to run once loaded.

    Returns the number of initialisers.
    """
    everything = editor.original
    tables = {node.name for node in editor.nodes.values() if node.op in TABLES}
    if not tables:
        return 0
    for node in everything.values():
        if node.op not in FROM_TENSORS + FROM_FILE + IMPORTS:
            continue
        if table_of(everything, data_inputs(node)[0]) in tables:
            _bring(editor, everything, node.name)
            editor.initialisers.append(node.name)
    return len(editor.initialisers)


def table_of(nodes: Mapping, item: Edge) -> str:
    """The table op behind a handle."""
    while nodes[item.node].op == "Identity":
        item = data_inputs(nodes[item.node])[0]
    return item.node


def _bring(editor: GraphEditor, everything: Mapping, name: str) -> None:
    ahead = [name]
    while ahead:
        name = ahead.pop()
        if name in editor.nodes:
            continue
        editor.nodes[name] = copied(everything[name])
        ahead += [item.node for item in data_inputs(everything[name])]
