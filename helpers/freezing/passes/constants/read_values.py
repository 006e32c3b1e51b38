"""Rewrite what reads a variable into what reads a constant."""

import numpy as np
import tensorflow as tf

from helpers.graphs.editor import (
    GraphEditor,
    control_inputs,
    data_inputs,
    nodes_of,
    set_inputs,
)
from helpers.graphs.op_registry import attribute

REFERENCE_VARIABLES = ("Variable", "VariableV2")
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
_INT32 = tf.int32.as_datatype_enum
IGNORED = ("_output_shapes", "_class", "_has_manual_control_dependencies")


def read_values(editor: GraphEditor) -> int:
    """Replace reads of variables with reads of values; how many.

    Devices and attributes that are only hints are cleared.
    """
    changed = 0
    for node in list(editor.nodes.values()):
        node.op = WITHOUT_REFERENCE.get(node.op, node.op)
        if node.op == "ResourceGather":
            _gather(editor, node)
        elif (value := read_value(node)) is not None:
            editor.nodes[node.name] = value
        else:
            continue
        changed += 1
    forget_hints(editor)
    return changed


def read_value(node):
    """What the op is when its input is not a variable but its value; None: no read."""
    if node.op in ("ReadVariableOp", "_ReadVariablesOp"):
        return _changed(node, "Identity", T=node.attr["dtype"].type)
    if node.op == "VariableShape":
        made = _changed(node, "Shape", T=node.attr["dtype"].type)
        made.attr["out_type"].type = attribute(node, "out_type").type
        return made
    if node.op == "ResourceGatherNd":
        types = {"Tparams": node.attr["dtype"].type}
        return _changed(node, "GatherNd", **types, Tindices=node.attr["Tindices"].type)
    if node.op == "ResourceGather" and not attribute(node, "batch_dims").i:
        types = {"Tparams": node.attr["dtype"].type}
        return _changed(node, "Gather", **types, Tindices=node.attr["Tindices"].type)
    return None


def _changed(node, op: str, **types: int):
    made = type(node)(name=node.name, op=op, input=node.input)
    for name, dtype in types.items():
        made.attr[name].type = dtype
    return made


def _gather(editor: GraphEditor, node) -> None:
    """Write a gather as TensorFlow's own freezer does."""
    axis = editor.add(editor.unused_name(f"{node.name}/axis"), "Const")
    axis.attr["dtype"].type = _INT32
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.int32(0)))
    made = _changed(
        node,
        "GatherV2",
        Tparams=node.attr["dtype"].type,
        Tindices=node.attr["Tindices"].type,
        Taxis=_INT32,
    )
    if "batch_dims" in node.attr:
        made.attr["batch_dims"].i = attribute(node, "batch_dims").i
    set_inputs(made, [*data_inputs(node), axis.name], control_inputs(node))
    editor.nodes[node.name] = made


def forget_hints(editor: GraphEditor) -> None:
    """Clear devices, and attributes that are hints: old ones contradict the graph."""
    for _, node, _ in nodes_of(editor):
        node.device = ""
        for name in IGNORED:
            node.attr.pop(name, None)


def variables(editor: GraphEditor) -> list:
    """The variables that are left in the graph."""
    return [node for node in editor.nodes.values() if node.op in VARIABLES]
