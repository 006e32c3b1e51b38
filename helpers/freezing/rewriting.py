"""Rewrite what reads a variable into what reads a constant."""

from helpers.freezing.drafts import Draft, data_inputs, nodes_of, set_inputs

REFERENCE_VARIABLES = ("Variable", "VariableV2", "TemporaryVariable")
RESOURCE_VARIABLES = ("VarHandleOp",)
VARIABLES = REFERENCE_VARIABLES + RESOURCE_VARIABLES

WITHOUT_REFERENCE = {
    "RefIdentity": "Identity",
    "RefSwitch": "Switch",
    "RefMerge": "Merge",
    "RefEnter": "Enter",
    "RefExit": "Exit",
    "RefNextIteration": "NextIteration",
}
IGNORED = ("_output_shapes", "_class", "_has_manual_control_dependencies")


def rewrite(draft: Draft) -> None:
    """Turn reads of variables into reads of values; forget devices and hints."""
    for node in draft.nodes.values():
        node.op = WITHOUT_REFERENCE.get(node.op, node.op)
        if node.op == "ReadVariableOp":
            _as_identity(node, node.attr["dtype"].type)
    forget_hints(draft)


def forget_hints(draft: Draft) -> None:
    """Clear devices, and attributes that are hints: old ones contradict the graph."""
    for _, node in nodes_of(draft):
        node.device = ""
        for name in IGNORED:
            node.attr.pop(name, None)


def _as_identity(node, dtype: int) -> None:
    inputs = data_inputs(node)
    waits = [text[1:] for text in node.input if text.startswith("^")]
    node.op = "Identity"
    node.attr.clear()
    node.attr["T"].type = dtype
    set_inputs(node, inputs, waits)


def variables(draft: Draft) -> list:
    """The variables that are left in the graph."""
    return [node for node in draft.nodes.values() if node.op in VARIABLES]
