"""Replaces the ops that read a variable with the ops that read a constant."""

import numpy as np
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.op_kinds import VARIABLE_OPS
from helpers.graphs.op_registry import attribute

RESOURCE_VARIABLES = ("VarHandleOp",)
FORWARDING = ("Identity", "Switch", "Merge", "Enter", "Exit", "NextIteration")
WITHOUT_REFERENCE = {f"Ref{op}": op for op in FORWARDING}
DRAW = "RngReadAndSkip"
_INT32 = tf.int32.as_datatype_enum
HINTS = ("_output_shapes", "_class", "_has_manual_control_dependencies")


def read_values(editor: GraphEditor) -> int:
    """Replace reads of variables with reads of constants; return the number of reads.

    Also removes devices and hints: those of the original graph may contradict the
    edited one.
    """
    changed = 0
    _refuse_two_draws(editor)
    for node in list(editor.nodes.values()):
        node.op = WITHOUT_REFERENCE.get(node.op, node.op)
        if node.op == "ResourceGather":
            _replace_gather(editor, node)
        elif (value := read_value(node)) is not None:
            editor.nodes[node.name] = value
        else:
            continue
        changed += 1
    remove_hints(editor)
    return changed


def _refuse_two_draws(editor: GraphEditor) -> None:
    """Raise FreezeError if a run draws from one random generator more than once."""
    drawn: dict[str, str] = {}
    for node in editor.nodes.values():
        if node.op != DRAW:
            continue
        state = data_inputs(node)[0].node
        if state in drawn:
            raise FreezeError(
                f"ops {drawn[state]!r} and {node.name!r} draw random numbers from the "
                f"generator {state!r}, whose state changes between them: this is a "
                "graph for training, with layers that change their inputs at random",
                "export the model with training=False, or without its random layers",
            )
        drawn[state] = node.name


def read_value(node):
    """The node that reads the variable's value in place of its handle.

    Returns:
      a new NodeDef of the same name and inputs; None if the node reads no variable.
    """
    dtype = node.attr["dtype"].type if "dtype" in node.attr else 0
    if node.op in ("ReadVariableOp", "_ReadVariablesOp"):
        return _replaced(node, "Identity", T=dtype)
    if node.op == "VariableShape":
        out_type = attribute(node, "out_type").type
        return _replaced(node, "Shape", T=dtype, out_type=out_type)
    if node.op == DRAW:  # it returns the state from before it skips
        made = _replaced(node, "Identity", T=tf.int64.as_datatype_enum)
        del made.input[1 : 1 + len(data_inputs(made)[1:])]
        return made
    indices = node.attr["Tindices"].type if "Tindices" in node.attr else 0
    if node.op == "ResourceGatherNd":
        return _replaced(node, "GatherNd", Tparams=dtype, Tindices=indices)
    if node.op == "ResourceGather" and not attribute(node, "batch_dims").i:
        return _replaced(node, "Gather", Tparams=dtype, Tindices=indices)
    return None


def _replaced(node, op: str, **types: int):
    made = type(node)(name=node.name, op=op, input=node.input)
    for name, dtype in types.items():
        made.attr[name].type = dtype
    return made


def _replace_gather(editor: GraphEditor, node) -> None:
    """Replace a ResourceGather with the GatherV2 that TensorFlow's freezer writes."""
    axis = editor.add_constant(f"{node.name}/axis", np.int32(0), _INT32)
    types = {"Tparams": node.attr["dtype"].type, "Tindices": node.attr["Tindices"].type}
    made = _replaced(node, "GatherV2", **types, Taxis=_INT32)
    if "batch_dims" in node.attr:
        made.attr["batch_dims"].i = attribute(node, "batch_dims").i
    set_inputs(made, [*data_inputs(node), axis], control_inputs(node))
    editor.nodes[node.name] = made


def remove_hints(editor: GraphEditor) -> None:
    """Remove devices, and attributes that are hints only, from all nodes."""
    for _, node, _ in nodes_of(editor):
        node.device = ""
        for name in HINTS:
            node.attr.pop(name, None)


def variables(editor: GraphEditor) -> list:
    """The nodes of the graph that are variables."""
    return [node for node in editor.nodes.values() if node.op in VARIABLE_OPS]
