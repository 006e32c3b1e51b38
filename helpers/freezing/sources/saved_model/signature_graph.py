"""The graph of one signature of a SavedModel of TensorFlow 1."""

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import meta_graph_pb2

from helpers.freezing.sources.saved_model.default_attributes import state_defaults
from helpers.freezing.sources.saved_model.signature_tensors import plain_tensors
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.wiring import PLACEHOLDERS


def signature_graph(meta: tf1.MetaGraphDef, key: str) -> tf1.MetaGraphDef:
    """The MetaGraphDef with this signature alone, whose inputs are placeholders.

    A signature may feed any tensor; one that an op computes becomes a placeholder.
    """
    made, given = tf1.MetaGraphDef(), meta.signature_def[key]
    made.CopyFrom(meta)
    functions = made.graph_def.library.function
    for body in (made.graph_def.node, *(f.node_def for f in functions)):
        state_defaults(body)
    made.signature_def.clear()
    signature = made.signature_def[key]
    signature.method_name = given.method_name
    for name, info in plain_tensors(given.outputs).items():
        signature.outputs[name].CopyFrom(info)
    inputs = plain_tensors(given.inputs)
    for name, info in inputs.items():
        signature.inputs[name].CopyFrom(info)
    ops = {node.name: node.op for node in meta.graph_def.node}
    computed = {
        Edge.parse(info.name): info
        for info in inputs.values()
        if ops.get(Edge.parse(info.name).node) not in (None, *PLACEHOLDERS)
    }
    if computed:
        _cut(made, computed)
    return made


def _cut(
    made: tf1.MetaGraphDef, computed: dict[Edge, meta_graph_pb2.TensorInfo]
) -> None:
    """Replace tensors by placeholders, named after their ops."""
    editor, moves = GraphEditor.of(made.graph_def), dict[Edge, Edge]()
    signature = next(iter(made.signature_def.values()))
    for item, info in computed.items():
        name = editor.unused_name(f"{item.node}/fed")
        node = editor.add(name, "Placeholder")
        node.attr["dtype"].type = info.dtype
        node.attr["shape"].shape.CopyFrom(info.tensor_shape)
        moves[item] = Edge(name, 0)
    editor.rewire(moves)
    for info in (*signature.inputs.values(), *signature.outputs.values()):
        item = Edge.parse(info.name)
        info.name = moves.get(item, item).tensor
    made.graph_def.CopyFrom(editor.graph_def())
