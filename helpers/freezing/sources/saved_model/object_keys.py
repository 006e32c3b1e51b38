"""Find where a SavedModel stores variables that its saver restores under other handles.

A Keras 3 variable is an object around a tf.Variable. In the graph of a SavedModel each
of the two has a handle of its own: functions read the inner one, the saver restores the
outer one. Only the object graph says that they are the same.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import trackable_object_graph_pb2

from helpers.checkpoints.checkpoint import OBJECT_GRAPH
from helpers.freezing.sources.checkpoint_values import CheckpointValues, SavedTensor
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor

VALUE = "VARIABLE_VALUE"  # the attribute of a variable in a checkpoint's object graph


def keys_of_handles(meta: tf1.MetaGraphDef, prefix: str) -> dict[str, str]:
    """The checkpoint's key of each variable that a function is bound to.

    Args:
      prefix: of the variables' values.
    Returns:
      keys by the name of the variable's op in the SavedModel's graph.
    """
    stored = _keys_by_object(meta, prefix)
    found: dict[str, str] = {}
    for node in meta.graph_def.node:
        function = node.attr["f"].func.name if "f" in node.attr else ""
        if function not in meta.object_graph_def.concrete_functions:
            continue
        bound = meta.object_graph_def.concrete_functions[function].bound_inputs
        handles = data_inputs(node)[-len(bound) :] if bound else []
        pairs: zip[tuple[Edge, int]] = zip(handles, bound, strict=True)
        found |= {
            item.node: stored[number] for item, number in pairs if number in stored
        }
    return found


def add_restore(
    editor: GraphEditor, keys: Mapping[str, str], prefix: str, scope: str
) -> str:
    """Add an op that restores these variables of the graph, and return its name.

    Args:
      keys: in the checkpoint, by the name of the variable's op.
      prefix: of the checkpoint.
      scope: of the names of the ops.
    """
    assigns = []
    for number, (name, key) in enumerate(keys.items()):
        dtype = editor.nodes[name].attr["dtype"].type
        arrays = (np.array(text, object) for text in (prefix, [key], [""]))
        place = f"{scope}/{number}"
        inputs = [editor.add_constant(place, array, tf.string) for array in arrays]
        read = editor.add(f"{place}/read", "RestoreV2", inputs)
        read.attr["dtypes"].list.type.append(dtype)
        assign = editor.add(f"{place}/assign", "AssignVariableOp", [name, read.name])
        assign.attr["dtype"].type = dtype
        assigns.append(assign.name)
    return editor.add(scope, "NoOp", (f"^{name}" for name in assigns)).name


def _keys_by_object(meta: tf1.MetaGraphDef, prefix: str) -> dict[int, str]:
    """The checkpoint's keys by the number of the variable in the object graph.

    The checkpoint has an object graph, too: both are walked from their roots.
    """
    values = CheckpointValues(prefix)
    if OBJECT_GRAPH not in values.shapes:
        return {}
    text = values.read(SavedTensor(OBJECT_GRAPH)).item()
    theirs = trackable_object_graph_pb2.TrackableObjectGraph.FromString(text).nodes
    ours = meta.object_graph_def.nodes
    same, ahead = {0: 0}, [0]
    while ahead:
        number = ahead.pop()
        children = _children(theirs[same[number]])
        for name, child in _children(ours[number]).items():
            if name in children and child not in same:
                same[child] = children[name]
                ahead.append(child)
    return {
        number: attribute.checkpoint_key
        for number, other in same.items()
        for attribute in theirs[other].attributes
        if attribute.name == VALUE and attribute.checkpoint_key in values.shapes
    }


def _children(node) -> Mapping[str, int]:
    return {child.local_name: child.node_id for child in node.children}
