"""Write the bodies of called functions into the graph."""

from helpers.freezing.control_flow.function_bodies import inline
from helpers.graphs.editor import GraphEditor, data_inputs

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def inline_calls(editor: GraphEditor) -> int:
    """Write every plain function call into the graph, calls of calls too; how many."""
    inlined = 0
    while calls := [n for n in editor.nodes.values() if _called(editor, n)]:
        for call in calls:
            moves = inline(editor, call, _called(editor, call), data_inputs(call))
            del editor.nodes[call.name]
            editor.rewire(moves)
        inlined += len(calls)
    return inlined


def _called(editor: GraphEditor, node) -> str | None:
    if node.op in CALLS:
        return node.attr["f"].func.name
    return node.op if node.op in editor.functions else None
