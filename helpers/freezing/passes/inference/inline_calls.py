"""Replaces function calls with the bodies of the functions."""

from helpers.freezing.control_flow.inlining import inline_all
from helpers.graphs.editor import GraphEditor


def inline_calls(editor: GraphEditor) -> int:
    """Inline all plain function calls, nested ones too; return the number of calls."""
    return inline_all(editor)
