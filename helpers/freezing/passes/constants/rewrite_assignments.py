"""Replaces assignments whose result is used with plain arithmetic."""

from helpers.freezing.passes.inference.follow_assignments import (
    ARITHMETIC,
    REFUSED,
    update_error,
)
from helpers.freezing.passes.prune.prune import UPDATES
from helpers.graphs.edges import control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor

ENTERS = ("Enter", "RefEnter")


def rewrite_assignments(editor: GraphEditor) -> int:
    """Replace Assign, AssignAdd and AssignSub with the value that they assign.

    Returns:
      the number of assignments.
    Raises:
      FreezeError: an output depends on an update that no such op computes.
    """
    rewritten = 0
    for node in editor.nodes.values():
        if node.op == "Assign" or node.op in ARITHMETIC:
            variable = data_inputs(node)[0]
            if editor.nodes[variable.node].op in ENTERS:
                raise update_error(node)
            editor.removed[UPDATES] += 1
            editor.changes[node.name] = variable.node
            rewritten += 1
        if node.op == "Assign":
            dtype, value = node.attr["T"].type, data_inputs(node)[1]
            node.op = "Identity"
            node.attr.clear()
            node.attr["T"].type = dtype
            set_inputs(node, [value], control_inputs(node))
        elif node.op in ARITHMETIC:
            node.op = ARITHMETIC[node.op]
            node.attr.pop("use_locking", None)
        elif node.op.startswith(REFUSED):
            raise update_error(node)
    return rewritten
