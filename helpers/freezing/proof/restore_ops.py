"""Add ops that restore a checkpoint to its own graph.

TensorFlow's restore kernel reads the values here, not this project's reader, so that
the proof does not depend on the code that it checks.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.passes.constants.read_values import (
    RESOURCE_VARIABLES,
    remove_hints,
    variables,
)
from helpers.freezing.passes.constants.variables_to_constants import place_of
from helpers.freezing.sources.checkpoint_values import (
    CheckpointValues,
    SavedTensor,
    restored_from,
)
from helpers.graphs.edges import data_inputs
from helpers.graphs.editor import GraphEditor


def add_restore_ops(
    editor: GraphEditor,
    checkpoint: CheckpointValues,
    saved: dict[str, list[SavedTensor]],
    rounding: tf.DType | None = None,
) -> str:
    """Add an op that restores every variable of the graph, and return its name.

    Lookup tables that are filled from a checkpoint are then filled from this one.

    Args:
      saved: the tensors that each variable may be restored from, by variable name.
      rounding: the dtype of 16 bits that float32 values are rounded to.
    """
    for node in editor.nodes.values():
        if node.op == "Placeholder" and "_output_shapes" in node.attr:
            node.attr["_recorded_shape"].CopyFrom(node.attr["_output_shapes"])
    remove_hints(editor)
    reader = _Reader(editor, checkpoint, rounding)
    assignments = []
    for number, node in enumerate(variables(editor)):
        tensor = place_of(node, checkpoint, saved)
        if tensor is None:
            continue
        dtype = node.attr["dtype"].type
        read = reader.add(f"prove/{number}", tensor, dtype)
        resource = node.op in RESOURCE_VARIABLES
        op = "AssignVariableOp" if resource else "Assign"
        assign = editor.add(f"prove/{number}/assign", op, [node.name, read])
        assign.attr["dtype" if resource else "T"].type = dtype
        if not resource:
            assign.attr["validate_shape"].b = False
        assignments.append(assign.name)
    for name in editor.initialisers:
        node = editor.nodes[name]
        for position, item in enumerate(data_inputs(node)):
            tensor = restored_from(editor.nodes, item)
            if tensor:
                scope = f"prove/{name}/{position}"
                dtype = checkpoint.dtypes[tensor.key].as_datatype_enum
                node.input[position] = reader.add(scope, tensor, dtype)
    return editor.add("prove/restore", "NoOp", (f"^{n}" for n in assignments)).name


class _Reader(NamedTuple):
    """Adds ops that read tensors of a checkpoint to a graph."""

    editor: GraphEditor
    checkpoint: CheckpointValues
    rounding: tf.DType | None

    def add(self, scope: str, tensor: SavedTensor, dtype: int) -> str:
        """Add the ops under this scope; the name of the one that gives the value."""
        add, constant = self.editor.add, self.editor.add_constant
        values = (self.checkpoint.prefix, [tensor.key], [tensor.slice_spec])
        arrays = (np.array(value, object) for value in values)
        inputs = [constant(f"{scope}/input", array, tf.string) for array in arrays]
        node = add(f"{scope}/restore", "RestoreV2", inputs)
        node.attr["dtypes"].list.type.append(dtype)
        if self.rounding is None or dtype != tf.float32.as_datatype_enum:
            return node.name
        narrow = self.rounding.as_datatype_enum
        for before, after in ((dtype, narrow), (narrow, dtype)):
            node = add(f"{scope}/to_{after}", "Cast", [node.name])
            node.attr["SrcT"].type, node.attr["DstT"].type = before, after
        return node.name
