"""The graph of one signature of an object-based SavedModel, as a checkpoint has one.

The SavedModel's own graph calls functions: one for each signature, one that restores
the variables, and some that initialise tables. In the plain graph the calls are
inlined, and the signature's inputs and outputs are ops named by its keys.
"""

from collections.abc import Iterable
from typing import NamedTuple

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import meta_graph_pb2

from helpers.freezing.control_flow.inlining import inline_all
from helpers.freezing.custom_ops import unregistered_op
from helpers.freezing.passes.prune.prune import used_functions
from helpers.freezing.sources.saved_model.default_attributes import state_defaults
from helpers.freezing.sources.saved_model.op_names import op_name
from helpers.freezing.sources.saved_model.signature_tensors import plain_tensors
from helpers.graphs.edges import Edge, source_nodes
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.op_registry import op_def
from helpers.graphs.traversal import find_reachable

RESTORE, INITIALISE = "saved_model/restore", "saved_model/initialise"  # ops added here
INIT_OP = "__saved_model_init_op"
MAIN_OPS = ("saved_model_main_op", "legacy_init_op")  # the same, as collections


class PlainGraph(NamedTuple):
    """A graph without calls, and its tensors' names in the SavedModel's own graph."""

    editor: GraphEditor
    signature: meta_graph_pb2.SignatureDef  # its tensors are those of the plain graph
    tensors: dict[str, str]  # inputs and outputs: tensor here -> tensor there


def plain_graph(meta: tf1.MetaGraphDef, key: str) -> PlainGraph:
    """The plain graph of the signature, with the ops RESTORE and INITIALISE.

    Raises:
      FreezeError: the outputs need an op that TensorFlow does not have.
    """
    editor = GraphEditor.of(meta.graph_def)
    signature, tensors = meta_graph_pb2.SignatureDef(), dict[str, str]()
    signature.method_name = meta.signature_def[key].method_name
    _add_outputs(editor, meta.signature_def[key], signature, tensors)
    _name_inputs(editor, meta.signature_def[key], signature, tensors)
    restore = meta.saver_def.restore_op_name.split(":")[0]
    editor.add(RESTORE, "NoOp", [f"^{restore}"] if restore in editor.nodes else [])
    starts = (f"^{name}" for name in init_ops(meta) if name in editor.nodes)
    editor.add(INITIALISE, "NoOp", starts)
    roots = [Edge.parse(name).node for name in tensors]
    _keep_needed(editor, [*roots, RESTORE, INITIALISE])
    editor.functions = used_functions(editor)
    state_defaults(node for _, node, _ in nodes_of(editor))
    inline_all(editor)
    _keep_needed(editor, [*roots, RESTORE, INITIALISE])
    _check_ops(editor, roots)
    return PlainGraph(editor, signature, tensors)


def init_ops(meta: tf1.MetaGraphDef) -> list[str]:
    """The names of the ops that initialise the graph after its variables."""
    named = meta.signature_def[INIT_OP].outputs if INIT_OP in meta.signature_def else {}
    found = [info.name for info in named.values()]
    for collection in MAIN_OPS:
        if collection in meta.collection_def:
            found += meta.collection_def[collection].node_list.value
    return list(dict.fromkeys(name.split(":")[0] for name in found))


def _name_inputs(editor: GraphEditor, given, signature, tensors) -> None:
    """Rename the signature's placeholders to its keys."""
    moves = {}
    for index, (key, info) in enumerate(plain_tensors(given.inputs).items()):
        node = editor.nodes.pop(Edge.parse(info.name).node)
        wanted = op_name(key, f"input_{index}")
        before, node.name = node.name, editor.unused_name(wanted)
        editor.nodes[node.name] = node
        if node.name != before:
            moves[Edge(before, 0)] = Edge(node.name, 0)
        tensors[f"{node.name}:0"] = info.name
        signature.inputs[key].CopyFrom(info)
        signature.inputs[key].name = f"{node.name}:0"
    editor.rewire(moves)


def _add_outputs(editor: GraphEditor, given, signature, tensors) -> None:
    """Add an op named by its key for each output of the signature."""
    inputs = plain_tensors(given.inputs)
    for index, (key, info) in enumerate(plain_tensors(given.outputs).items()):
        name = editor.unused_name(op_name(key, f"output_{index}"), inputs)
        node = editor.add(name, "Identity", [Edge.parse(info.name)])
        node.attr["T"].type = info.dtype
        tensors[f"{name}:0"] = info.name
        signature.outputs[key].CopyFrom(info)
        signature.outputs[key].name = f"{name}:0"


def _keep_needed(editor: GraphEditor, roots: Iterable[str]) -> None:
    """Keep the nodes that the roots need, each after those that it needs."""
    nodes, kept, done = editor.nodes, dict[str, object](), set[str]()
    ahead = [(name, False) for name in roots if name in nodes][::-1]
    while ahead:
        name, is_ready = ahead.pop()
        if is_ready:
            kept[name] = nodes[name]
        elif name not in done:
            done.add(name)
            ahead.append((name, True))
            sources = source_nodes(nodes[name])
            ahead += [(source, False) for source in sources[::-1] if source in nodes]
    editor.nodes = kept


def _check_ops(editor: GraphEditor, roots: Iterable[str]) -> None:
    """Raise FreezeError for an op that the roots need and TensorFlow does not have."""
    needed = find_reachable(
        roots, lambda name: source_nodes(editor.nodes[name]), within=editor.nodes
    )
    nodes = [editor.nodes[name] for name in needed]
    seen = set[str]()
    for node in nodes:
        if node.op not in editor.functions and op_def(node.op) is None:
            raise unregistered_op(node)
        for function in {*functions_in(node), node.op} & editor.functions.keys() - seen:
            seen.add(function)
            nodes += editor.functions[function].node_def
