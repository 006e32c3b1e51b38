"""Read one signature of a SavedModel, of TensorFlow 1 or 2."""

from pathlib import Path

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint_prefix import VARIABLES, has_variables
from helpers.checkpoints.file_contents import Content
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import find_saved_tensors
from helpers.freezing.sources.op_libraries import import_op_libraries
from helpers.freezing.sources.prefixes import check_complete, value_files
from helpers.freezing.sources.saved_model.choose import choose_graph, choose_signature
from helpers.freezing.sources.saved_model.initial_values import (
    inline_asset_files,
    take_initial_values,
)
from helpers.freezing.sources.saved_model.object_keys import (
    add_restore,
    keys_of_handles,
)
from helpers.freezing.sources.saved_model.plain_graph import RESTORE, plain_graph
from helpers.freezing.sources.saved_model.signature_graph import signature_graph
from helpers.freezing.sources.source import OwnGraph, Source, content
from helpers.freezing.sources.source_options import SourceOptions
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_kinds import VARIABLE_OPS


def read_saved_model(
    path: Path, options: SourceOptions, found: Content | None = None
) -> Source:
    """The graph of one signature of a SavedModel, and where its values are.

    The model's Python objects are not built. Modules in `options.custom` are imported
    first: they may define its ops.

    Args:
      path: the file, usually `saved_model.pb`; variables and assets are in its folder.
      found: the content of the file, if it is read already.
    Raises:
      FreezeError: it is not a SavedModel, a file of it is missing, or it is not clear
        which of its graphs and signatures is meant.
    """
    found = found or content(path)
    if found.kind != "SavedModel":
        raise _misnamed(path, found)
    import_op_libraries(options.custom)
    folder, warnings = path.parent, list[str]()
    graphs = [graph.meta for graph in found.graphs if graph.meta]
    meta = choose_graph(folder, graphs, options.tags)
    prefix = _prefix(folder, meta)
    key = choose_signature(folder, meta, options.signature, warnings)
    assets, own = folder / "assets", None
    if meta.HasField("object_graph_def"):
        meta, own = _without_calls(meta, key, prefix, assets)
    else:
        meta = signature_graph(meta, key)
    values = value_files(prefix) if prefix else []
    files = (path, *values, *sorted(p for p in assets.rglob("*") if p.is_file()))
    name = f"{folder}/{folder.resolve().name}"
    return Source(
        meta,
        prefix,
        files,
        name,
        tuple(warnings),
        assets=assets,
        own=own,
        signature=key,
    )


def _misnamed(path: Path, found: Content) -> FreezeError:
    """The error for a file that is named as a SavedModel's and holds something else."""
    fix = "export the model again, or copy its folder again"
    if found.kind in ("GraphDef", "MetaGraphDef"):
        fix = "rename it, such as to model.pb, and give it by itself"
    return FreezeError(
        f"{path} is {found.what}, though it is named as a SavedModel's", fix
    )


def _prefix(folder: Path, meta: tf1.MetaGraphDef) -> str | None:
    """The prefix of the variables' values; None: the graph has no variables."""
    prefix = f"{folder}/{VARIABLES}"
    check_complete(prefix)
    if has_variables(prefix):
        return prefix
    if any(node.op in VARIABLE_OPS for node in meta.graph_def.node):
        raise FreezeError(
            f"{prefix}.index is missing: saved_model.pb holds the graph, and the "
            "values of its variables are in the folder `variables` beside it",
            "copy the whole folder of the SavedModel",
        )
    return None


def _without_calls(
    meta: tf1.MetaGraphDef, key: str, prefix: str | None, assets: Path
) -> tuple[tf1.MetaGraphDef, OwnGraph]:
    """The signature's plain graph, and the graph as it is written."""
    editor, signature, tensors = plain_graph(meta, key)
    if prefix:
        _restore_others(editor, keys_of_handles(meta, prefix), prefix)
    take_initial_values(editor)
    outputs = [Edge.parse(info.name).node for info in signature.outputs.values()]
    inline_asset_files(editor, meta, outputs, assets)
    made = tf1.MetaGraphDef(
        meta_info_def=meta.meta_info_def,
        graph_def=editor.graph_def(),
        saver_def=meta.saver_def,
        asset_file_def=meta.asset_file_def,
    )
    made.saver_def.restore_op_name = RESTORE
    made.signature_def[key].CopyFrom(signature)
    return made, OwnGraph(meta, tensors)


def _restore_others(editor: GraphEditor, keys: dict[str, str], prefix: str) -> None:
    """Let RESTORE restore those variables with keys that it does not restore yet."""
    restored = find_saved_tensors(editor.nodes, RESTORE)
    others = {
        name: key
        for name, key in keys.items()
        if name in editor.nodes and name not in restored
    }
    if others:
        made = add_restore(editor, others, prefix, f"{RESTORE}_others")
        editor.nodes[RESTORE].input.append(f"^{made}")
