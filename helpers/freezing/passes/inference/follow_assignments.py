"""Connects reads of a variable to the values that are assigned before them."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.prune import UPDATES, expand_noops
from helpers.graphs.edges import Edge, control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor

READS = ("Identity", "ReadVariableOp")
ARITHMETIC = {"AssignAdd": "AddV2", "AssignSub": "Sub"}
RESOURCE_ARITHMETIC = {"AssignAddVariableOp": "AddV2", "AssignSubVariableOp": "Sub"}
RESOURCE = ("AssignVariableOp", *RESOURCE_ARITHMETIC)
REFUSED = ("Scatter", "ResourceScatter", "Apply", "ResourceApply", "ResourceStrided")


def follow_assignments(editor: GraphEditor) -> int:
    """Let a read that waits for an assignment of its variable take the assigned value.

    Returns:
      the number of reads changed.
    Raises:
      FreezeError: a read waits for an update whose result has no simple expression.
    """
    followed, ahead = 0, list(editor.nodes.values())
    for node in ahead:
        if node.op not in READS or not control_inputs(node):
            continue
        (variable, *_) = data_inputs(node)
        for name in expand_noops(editor, control_inputs(node)):
            assign = editor.nodes[name]
            if not assign.input or data_inputs(assign)[:1] != [variable]:
                continue
            if assign.op.startswith(REFUSED):
                raise update_error(assign)
            if assign.op in (*RESOURCE, *ARITHMETIC, "Assign"):
                ahead += _take_assigned(editor, node, assign)
                editor.removed[UPDATES] += 1
                editor.changes[node.name] = variable.node
                followed += 1
                break
    return followed


def _take_assigned(editor: GraphEditor, read, assign) -> list:
    """Let the read take the assigned value; return the reads that this adds."""
    variable, value = data_inputs(assign)[:2]
    if assign.op not in RESOURCE:
        set_inputs(read, [Edge(assign.name, 0)], control_inputs(read))
        return []
    added, dtype = [], assign.attr["dtype"].type
    if assign.op in RESOURCE_ARITHMETIC:
        before = editor.unused_name(f"{assign.name}/before")
        old = editor.add(before, "ReadVariableOp", [variable])
        set_inputs(old, [variable], control_inputs(assign))  # earlier updates
        old.attr["dtype"].type = dtype
        added.append(old)
        after = editor.unused_name(f"{assign.name}/after")
        made = editor.add(after, RESOURCE_ARITHMETIC[assign.op], [before, value])
        made.attr["T"].type = dtype
        value = Edge(after, 0)
    read.op = "Identity"
    read.attr.clear()
    read.attr["T"].type = dtype
    set_inputs(read, [value], control_inputs(read))
    return added


def update_error(node) -> FreezeError:
    """The error for an output that depends on this update of a variable."""
    return FreezeError(
        f"the outputs depend on {node.name!r} ({node.op}), which changes a variable "
        "while the graph runs: a frozen graph cannot",
        "choose outputs that come before it",
    )
