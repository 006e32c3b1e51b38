"""What a SavedModel initialises and does not restore: assets, and variables of them."""

from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.keep_tables import FROM_FILE
from helpers.freezing.sources.checkpoint_values import find_saved_tensors
from helpers.freezing.sources.saved_model.plain_graph import INITIALISE, RESTORE
from helpers.graphs.edges import (
    Edge,
    control_inputs,
    data_inputs,
    set_inputs,
    source_nodes,
)
from helpers.graphs.editor import GraphEditor
from helpers.graphs.traversal import find_reachable

READS = "ReadFile"
READ, ASSIGN, ASSIGNS = "ReadVariableOp", "AssignVariableOp", "Assign"


def take_initial_values(editor: GraphEditor) -> None:
    """Let reads of variables that are initialised, not restored, take those values.

    The paths of assets are in such variables.
    """
    restored = find_saved_tensors(editor.nodes, RESTORE)
    started = find_reachable(
        [INITIALISE], lambda n: source_nodes(editor.nodes[n]), within=editor.nodes
    )
    assigned: dict[str, list[str]] = {}
    for node in editor.nodes.values():
        if node.op.startswith(ASSIGNS) and node.op.endswith("VariableOp"):
            assigned.setdefault(data_inputs(node)[0].node, []).append(node.name)
    values = {
        variable: data_inputs(editor.nodes[names[0]])[1]
        for variable, names in assigned.items()
        if variable not in restored and len(names) == 1 and names[0] in started
        if editor.nodes[names[0]].op == ASSIGN
    }
    for node in editor.nodes.values():
        if node.op == READ and (name := data_inputs(node)[0].node) in values:
            node.op = "Identity"
            node.attr["T"].type = node.attr["dtype"].type
            del node.attr["dtype"]
            waits = [n for n in control_inputs(node) if n not in assigned[name]]
            set_inputs(node, [values[name]], waits)


def inline_asset_files(
    editor: GraphEditor, meta: tf1.MetaGraphDef, outputs: list[str], assets: Path
) -> None:
    """Replace each read of a whole asset by a constant of the file's bytes.

    Args:
      outputs: names of the ops that the frozen graph is for.
      assets: the folder of the files.
    Raises:
      FreezeError: a file is missing, or an op that the outputs need reads it itself.
    """
    files = {
        Edge.parse(asset.tensor_info.name).node: assets / asset.filename
        for asset in meta.asset_file_def
    }
    for node in list(editor.nodes.values()):
        file = _asset(editor, data_inputs(node)[0], files) if node.op == READS else None
        if file:
            if not file.is_file():
                raise FreezeError(
                    f"asset {file} is missing, and op {node.name!r} reads it",
                    "copy the folder `assets` of the SavedModel, too",
                )
            value = np.array(file.read_bytes(), object)
            made = editor.add_constant(f"{node.name}/bytes", value, tf.string)
            editor.rewire({Edge(node.name, 0): Edge(made, 0)})
    needed = find_reachable(
        outputs,
        lambda n: [item.node for item in data_inputs(editor.nodes[n])],
        within=editor.nodes,
    )
    for name in needed:
        node = editor.nodes[name]
        read = [
            file for item in data_inputs(node) if (file := _asset(editor, item, files))
        ]
        if read and node.op not in (*FROM_FILE, "Identity"):
            raise FreezeError(
                f"op {node.op} ({name!r}) takes the path of the asset {read[0].name}: "
                "a frozen graph holds no files",
                "choose outputs that come before it",
            )


def _asset(editor: GraphEditor, item: Edge, files: dict[str, Path]) -> Path | None:
    """The asset whose path the tensor is, if there is one."""
    while item.node in editor.nodes and editor.nodes[item.node].op == "Identity":
        item = data_inputs(editor.nodes[item.node])[0]
    return files.get(item.node)
