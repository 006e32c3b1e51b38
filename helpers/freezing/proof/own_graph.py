"""Run a SavedModel's graph as TensorFlow's own loader does.

Its saver restores the variables and its init op fills the tables: neither this
project's reader nor its inlining takes part. No Python object is built. Variables that
only the object graph can restore are restored by its keys, before the saver does.
"""

import tensorflow.compat.v1 as tf1

from helpers.foreign.texts import shown
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import remove_hints
from helpers.freezing.proof.graph_session import unoptimized
from helpers.freezing.proof.prove import OriginalGraph
from helpers.freezing.sources.saved_model.object_keys import (
    add_restore,
    keys_of_handles,
)
from helpers.freezing.sources.saved_model.plain_graph import init_ops
from helpers.graphs.edges import Edge, source_nodes
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.session_config import is_channels_first
from helpers.graphs.traversal import find_reachable
from helpers.graphs.wiring import PLACEHOLDERS

XLA = "_XlaMustCompile"  # compiled code adds in another order


def own_graph(editor: GraphEditor) -> OriginalGraph | None:
    """The graph that the SavedModel holds, restored by its own saver.

    None if it cannot be compared: an output or a value that freezing bound is inside
    one of its functions.
    """
    source = editor.context.source
    meta, tensors = source.own.meta, source.own.tensors
    wanted = [item.tensor for item in (*editor.requested_outputs, *editor.bound)]
    changed = editor.bound_inside or editor.context.batch_norms
    if changed or any(name not in tensors for name in wanted):
        return None
    outputs = [Edge.parse(tensors[item.tensor]) for item in editor.requested_outputs]
    restores = [meta.saver_def.restore_op_name.split(":")[0]] if source.prefix else []
    initialisers = [name for name in (*restores, *init_ops(meta)) if name]
    fed = [Edge.parse(name).node for name in tensors.values()]
    constants = {
        asset.tensor_info.name: str(source.assets / asset.filename)
        for asset in meta.asset_file_def
    }
    if source.prefix:
        constants[meta.saver_def.filename_tensor_name] = source.prefix
    own = GraphEditor.of(meta.graph_def, outputs)
    if missing := [name for name in initialisers if name not in own.nodes]:
        raise FreezeError(
            f"the SavedModel is to be initialised by {shown(missing[0])}, an op that "
            "its graph does not have",
            "copy or download the SavedModel again, or save it again",
        )
    is_first = is_channels_first(meta.graph_def)
    _prepare(own, [*initialisers, *fed], channels_first=is_first)
    if source.prefix:
        keys = keys_of_handles(meta, source.prefix)
        bound = {name: key for name, key in keys.items() if name in own.nodes}
        initialisers.insert(0, add_restore(own, bound, source.prefix, "prove/restore"))
    return OriginalGraph(
        own.graph_def(),
        initialisers,
        outputs,
        editor.bound,
        constants={
            n: v for n, v in constants.items() if Edge.parse(n).node in own.nodes
        },
        tensors=tensors,
        sampled=_sampled(editor),
    )


def _prepare(own: GraphEditor, needed: list[str], *, channels_first: bool) -> None:
    """Prune the graph to these nodes, and let its functions run as they are written."""
    kept = find_reachable(
        [*own.roots(), *needed],
        lambda name: source_nodes(own.nodes[name]),
        within=own.nodes,
    )
    own.nodes = {name: node for name, node in own.nodes.items() if name in kept}
    remove_hints(own)
    config = unoptimized(channels_first=channels_first).SerializeToString()
    for _, node, _ in nodes_of(own):
        node.attr.pop(XLA, None)
        if "config_proto" in node.attr:
            node.attr["config_proto"].s = config
    for function in own.functions.values():
        function.attr.pop(XLA, None)


def _sampled(editor: GraphEditor) -> tf1.GraphDef:
    """The plain graph of the signature: the consumers of its inputs tell what fits."""
    plain = GraphEditor.of(editor.context.source.meta.graph_def)
    inputs = {Edge.parse(name).node for name in editor.context.source.own.tensors}
    roots = [*inputs, *(item.node for item in editor.requested_outputs)]
    kept = find_reachable(
        roots, lambda name: source_nodes(plain.nodes[name]), within=plain.nodes
    )
    plain.nodes = {
        name: node
        for name, node in plain.nodes.items()
        if name in kept and (name in inputs or node.op not in PLACEHOLDERS)
    }
    return plain.graph_def()
