"""Replaces function calls with the bodies of the functions."""

from helpers.freezing.control_flow.function_bodies import inline
from helpers.graphs.edges import data_inputs
from helpers.graphs.editor import GraphEditor

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def inline_calls(editor: GraphEditor) -> int:
    """Inline all plain function calls, nested ones too; return the number of calls."""
    inlined = 0
    while calls := [n for n in editor.nodes.values() if _called(n) in editor.functions]:
        for call in calls:
            moves = inline(editor, call, _called(call), data_inputs(call))
            del editor.nodes[call.name]
            editor.rewire(moves)
        inlined += len(calls)
    return inlined


def _called(node) -> str:
    """The name of the function that the node calls, if it is a call."""
    return node.attr["f"].func.name if node.op in CALLS else node.op
