"""Let reads of a variable take the value that is assigned before them."""

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.prune import UPDATES, waited_for
from helpers.graphs.editor import (
    Edge,
    GraphEditor,
    control_inputs,
    data_inputs,
    set_inputs,
)

READS = ("Identity", "ReadVariableOp")
ARITHMETIC = {"AssignAdd": "AddV2", "AssignSub": "Sub"}
RESOURCE = {
    "AssignVariableOp": None,
    "AssignAddVariableOp": "AddV2",
    "AssignSubVariableOp": "Sub",
}
REFUSED = (
    "Scatter",
    "ResourceScatter",
    "ResourceApply",
    "Apply",
    "ResourceStridedSlice",
)


def follow_assignments(editor: GraphEditor) -> int:
    """Let a read that waits for an assignment of its variable take what is assigned.

    Returns the number of reads changed.
    """
    followed = 0
    for node in list(editor.nodes.values()):
        if node.op not in READS or not control_inputs(node):
            continue
        (variable, *_) = data_inputs(node)
        for name in waited_for(editor, control_inputs(node)):
            assign = editor.nodes[name]
            if not assign.input or data_inputs(assign)[:1] != [variable]:
                continue
            if assign.op.startswith(REFUSED):
                raise changes_a_variable(assign)
            if assign.op in (*RESOURCE, *ARITHMETIC, "Assign"):
                _take(editor, node, assign)
                editor.removed[UPDATES] += 1
                editor.changes[node.name] = variable.node
                followed += 1
                break
    return followed


def _take(editor: GraphEditor, read, assign) -> None:
    variable, value = data_inputs(assign)[:2]
    if assign.op not in RESOURCE:
        set_inputs(read, [Edge(assign.name, 0)], control_inputs(read))
        return
    dtype = assign.attr["dtype"].type
    if RESOURCE[assign.op]:
        old = editor.add(editor.unused_name(f"{assign.name}/before"), "ReadVariableOp")
        set_inputs(old, [variable], [])
        old.attr["dtype"].type = dtype
        sum_name = editor.unused_name(f"{assign.name}/after")
        made = editor.add(sum_name, RESOURCE[assign.op], [old.name, value])
        made.attr["T"].type = dtype
        value = Edge(made.name, 0)
    read.op = "Identity"
    read.attr.clear()
    read.attr["T"].type = dtype
    set_inputs(read, [value], control_inputs(read))


def changes_a_variable(node) -> FreezeError:
    """The error for an output that depends on an update with no value form."""
    return FreezeError(
        f"the outputs depend on {node.name!r} ({node.op}), which changes a variable "
        "while the graph runs: a frozen graph cannot",
        "choose outputs that come before it",
    )
