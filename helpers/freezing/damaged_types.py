"""Checks the types that a graph's nodes state, before any pass reads them."""

from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import source_nodes
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import op_def
from helpers.graphs.traversal import find_reachable
from helpers.graphs.wiring import is_type


def refuse_damaged_types(editor: GraphEditor) -> None:
    """Check the types of all nodes that the outputs need, as TensorFlow's loader does.

    Raises:
      FreezeError: a number stands for no type; the graph is damaged.
    """
    nodes = editor.nodes
    for name in find_reachable(
        editor.roots(), lambda name: source_nodes(nodes[name]), within=nodes.keys()
    ):
        node = nodes[name]
        for attribute, numbers in _types_of(node):
            for number in numbers:
                if not is_type(number):
                    raise FreezeError(
                        f"op {node.name!r} ({node.op}) is damaged: its {attribute} is "
                        f"{number}, which stands for no type",
                        "copy or download the graph again, or save it again",
                    )


def _types_of(node) -> list[tuple[str, list[int]]]:
    """The numbers of the types that a node states, by attribute."""
    found = op_def(node.op)
    kinds = {item.name: item.type for item in found.attr} if found else {}
    return [
        (name, [value.type] if kinds[name] == "type" else [*value.list.type])
        for name, value in node.attr.items()
        if kinds.get(name) in ("type", "list(type)") and not value.placeholder
    ]
