"""Restores the initialisers of lookup tables to the graph.

No output depends on the op that fills a table: pruning alone removes it.
"""

from collections.abc import Mapping
from typing import Any

from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor, copied
from helpers.graphs.traversal import find_reachable

TABLES = (
    *("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2"),
    *("MutableDenseHashTable", "MutableDenseHashTableV2"),
)
FROM_TENSORS = ("InitializeTable", "InitializeTableV2")
FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
IMPORTS = ("LookupTableImport", "LookupTableImportV2")


def keep_tables(editor: GraphEditor) -> int:
    """Restore the ops that fill the graph's tables, as initialisers to run once.

    Returns the number of initialisers.
    """
    nodes = editor.original
    tables = {node.name for node in editor.nodes.values() if node.op in TABLES}
    if not tables:
        return 0
    for node in nodes.values():
        if node.op not in FROM_TENSORS + FROM_FILE + IMPORTS:
            continue
        if source_of(nodes, data_inputs(node)[0]) in tables:
            missing = find_reachable(
                [node.name],
                lambda name: [item.node for item in data_inputs(nodes[name])],
                within=nodes.keys() - editor.nodes.keys(),
            )
            editor.nodes |= {name: copied(nodes[name]) for name in missing}
            editor.initialisers.append(node.name)
    return len(editor.initialisers)


def source_of(nodes: Mapping[str, Any], item: Edge) -> str:
    """The name of the op that a handle or another value comes from."""
    while nodes[item.node].op == "Identity":
        item = data_inputs(nodes[item.node])[0]
    return item.node
