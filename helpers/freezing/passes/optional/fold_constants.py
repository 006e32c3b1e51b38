"""Constant folding: computes in advance what depends on constants only (--plain).

Many programs that read frozen graphs take weights from a Const only, not from a Cast,
an Identity or a Reshape of one.
"""

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.prune import CONTROL_FLOW, prune
from helpers.freezing.proof.graph_session import GraphSession
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.graphs.edges import Edge, data_inputs, source_nodes
from helpers.graphs.editor import GraphEditor, Weight, output_types
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.op_registry import op_def
from helpers.graphs.traversal import find_reachable
from helpers.graphs.unsafe_ops import unsafe_ops

SMALL = 1024  # bytes; shape inference needs the values of small constants
GROWTH = 2  # of the bytes of an op's inputs: a Cast of 16 bit weights
ALWAYS = 2**20  # bytes; results of up to this size are stored in any case
FLOW = {*CONTROL_FLOW, "Merge", "RefMerge", "Exit", "RefExit", "LoopCond"}
FLOW |= {"NextIteration", "RefNextIteration"}
WITHOUT_VALUE = {each.as_datatype_enum for each in (tf.resource, tf.variant)}


def fold_constants(editor: GraphEditor) -> int:
    """Replace each tensor that is computed from constants only by a Const.

    Stateful ops, control flow and results much larger than their inputs stay.

    Returns:
      the number of tensors.
    Raises:
      FreezeError: TensorFlow cannot compute one.
    """
    names = _constant_nodes(editor)
    try:
        with _session(editor, names) as session:
            kept = _within_size(editor, session.graph, names)
            wanted = _needed_from_outside(editor, kept)
            session.constants = _large_values(editor, wanted)
            values = session.run(wanted, {})
    except (tf.errors.OpError, ValueError) as error:
        raise FreezeError(
            f"what depends on constants only does not run: {error_summary(error)}",
            "leave out --plain",
        ) from error
    _replace(editor, dict(zip(wanted, values, strict=True)))
    prune(editor)
    return len(wanted)


def _constant_nodes(editor: GraphEditor) -> list[str]:
    """The nodes that depend on constants only, sources first."""
    found: dict[str, bool] = {}
    for start in editor.nodes:
        ahead = [start]
        while ahead:
            name = ahead[-1]
            node = editor.nodes[name]
            if name not in found and _is_foldable(editor, node):
                sources = [each for each in source_nodes(node) if each not in found]
                if sources:
                    ahead += sources
                    continue
                found[name] = all(found[each] for each in source_nodes(node))
            found.setdefault(name, False)
            ahead.pop()
    return [name for name, constant in found.items() if constant]


def _is_foldable(editor: GraphEditor, node) -> bool:
    """Whether the op's outputs depend on its inputs only; a Const has no inputs."""
    if node.op == "Const":
        return True
    definition = op_def(node.op)
    return (
        definition is not None
        and not definition.is_stateful
        and bool(data_inputs(node))
        and bool(definition.output_arg)
        and node.op not in FLOW
        and not node.op.startswith("Placeholder")
        and not functions_in(node)
        and not WITHOUT_VALUE & {*output_types(node, editor.functions)}
        and not unsafe_ops(tf1.GraphDef(node=[node]))  # ReadFile has no state
    )


def _session(editor: GraphEditor, names: list[str]) -> GraphSession:
    """A session of these nodes; a placeholder stands for each large constant."""
    made = tf1.GraphDef(versions=editor.versions)
    for name in names:
        node = editor.nodes[name]
        weight = editor.weights.get(name)
        if weight is None:
            made.node.add().CopyFrom(node)
            continue
        stub = made.node.add(name=name, op="Placeholder")
        if weight.size <= SMALL:
            stub.op = "Const"
            value = tf.make_tensor_proto(weight.read(), dtype=weight.dtype)
            stub.attr["value"].tensor.CopyFrom(value)
        else:
            stub.attr["shape"].shape.CopyFrom(tf.TensorShape(weight.shape).as_proto())
        stub.attr["dtype"].type = weight.dtype.as_datatype_enum
    return GraphSession(made)


def _within_size(
    editor: GraphEditor, graph: tf.Graph, names: list[str]
) -> dict[str, None]:
    """The nodes whose outputs are of a known and tolerable size."""
    kept: dict[str, None] = {}
    for name in names:
        node, op = editor.nodes[name], graph.get_operation_by_name(name)
        limit = max(ALWAYS, GROWTH * sum(_bytes(tensor) or 0 for tensor in op.inputs))
        sizes = [_bytes(tensor) for tensor in op.outputs]
        small = all(size is not None and size <= limit for size in sizes)
        if node.op == "Const" or (
            small and all(each in kept for each in source_nodes(node))
        ):
            kept[name] = None
    return kept


def _bytes(tensor: tf.Tensor) -> int | None:
    count = tensor.shape.num_elements()
    return None if count is None else count * max(tensor.dtype.size or 1, 1)


def _needed_from_outside(editor: GraphEditor, names: dict[str, None]) -> list[Edge]:
    """The outputs of these nodes that other nodes read, or that are the graph's own."""
    read = [
        item
        for node in editor.nodes.values()
        if node.name not in names
        for item in data_inputs(node)
    ]
    read += [item for item in editor.outputs if not item.output_index]
    return [
        item
        for item in dict.fromkeys(read)
        if item.node in names and editor.nodes[item.node].op != "Const"
    ]


def _large_values(editor: GraphEditor, wanted: list[Edge]) -> dict:
    """The values of the large weights that these tensors depend on, by tensor name."""
    needed = find_reachable(
        [item.node for item in wanted],
        lambda name: source_nodes(editor.nodes[name]),
        within=editor.nodes,
    )
    weights = {name: editor.weights[name] for name in needed if name in editor.weights}
    return {
        f"{name}:0": weight.read().reshape(weight.shape)
        for name, weight in weights.items()
        if weight.size > SMALL
    }


def _replace(editor: GraphEditor, values: dict[Edge, Any]) -> None:
    """Put a Const in the place of each tensor; that of an op's first has its name."""
    weights = {item: _weight(editor, item, value) for item, value in values.items()}
    moves = {}
    for item, weight in weights.items():
        if item.output_index:
            name = editor.unused_name(f"{item.node}/{item.output_index}")
            moves[item] = Edge(editor.add_weight(name, weight), 0)
    editor.rewire(moves)
    for item, weight in weights.items():
        if not item.output_index:
            editor.add_weight(item.node, weight)


def _weight(editor: GraphEditor, item: Edge, value) -> Weight:
    array = np.asarray(value)
    return Weight(tf.as_dtype(editor.dtype(item)), array.shape, lambda: array)
