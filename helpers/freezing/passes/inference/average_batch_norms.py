"""Lets batch norms take moving averages in place of the batch's statistics.

A graph saved while training normalizes by the mean and variance of each batch. Where
it also updates moving averages of these, inference should use the averages
(--inference-batch-norm).
"""

from collections.abc import Collection
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.moving_statistics import (
    BatchNorm,
    Statistics,
    may_normalize,
    moving_statistics,
    static_shapes,
)
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import RESOURCE_VARIABLES
from helpers.freezing.passes.constants.variables_to_constants import place_of
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.freezing.passes.inference.simplify import inline_branches
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.edges import Edge, control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor, copied
from helpers.graphs.traversal import find_reachable

Shape: TypeAlias = tuple[int, ...]
SHAPED = ("Identity", "Reshape", "Squeeze", "ExpandDims")
IN_LOOP = "it is inside a loop"
OPTION = "--inference-batch-norm"


def average_batch_norms(editor: GraphEditor) -> int:
    """Let each batch norm in training take the moving averages of its statistics.

    Returns:
      the number of batch norms.
    Raises:
      FreezeError: there is none whose moving averages are known.
    """
    found, missing = batch_norms_in_training(editor)
    if not found:
        reasons = [f"of {name}: {reason}" for name, reason in missing.items()]
        reason = reasons[0] if reasons else "the outputs need none that is in training"
        raise FreezeError(
            f"no batch norm can take its moving averages, {reason}",
            f"leave {OPTION} out",
        )
    editor.context.batch_norms = list(found.values())
    switch_batch_norms(editor, found.values())
    return len(found)


def batch_norms_in_training(editor: GraphEditor) -> Statistics:
    """The batch norms of the graph that compute a batch's statistics.

    Those whose moving averages the checkpoint lacks, or has with their initial values
    only, are among the missing.
    """
    if not any(map(may_normalize, editor.nodes.values())):
        return Statistics({}, {})
    source = editor.context.source
    nodes = editor.original
    if not editor.nodes.keys() <= nodes.keys():  # a pass may have inlined calls
        whole = GraphEditor.of(source.meta.graph_def)
        whole.bound = editor.bound
        inline_calls(whole)
        while inline_branches(whole):
            pass
        nodes = whole.nodes
    found, missing = moving_statistics(nodes, editor.nodes)
    in_loops = _nodes_in_loops(editor)
    useless = {name: _useless(editor, norm) for name, norm in found.items()}
    missing |= {name: reason for name, reason in useless.items() if reason}
    looped = [name for name in (*found, *missing) if name in in_loops]
    missing |= dict.fromkeys(looped, IN_LOOP)
    found = {name: norm for name, norm in found.items() if name not in missing}
    return Statistics(found, missing)


def _nodes_in_loops(editor: GraphEditor) -> set[str]:
    """The nodes between Enter and Exit: the loops of TensorFlow 1."""
    consumers = editor.consumers()

    def successors(name: str) -> list[str]:
        takers = [node for node, _ in consumers.get(name, ())]
        return [node.name for node in takers if node.op not in ("Exit", "RefExit")]

    nodes = editor.nodes.values()
    starts = [node.name for node in nodes if node.op in ("Enter", "RefEnter")]
    return set(find_reachable(starts, successors, within=editor.nodes))


def _useless(editor: GraphEditor, norm: BatchNorm) -> str | None:
    """Why the checkpoint has no use of the batch norm's moving averages, or None."""
    values, values_of = editor.context.values, []
    for name in norm.averages:
        place = values and place_of(
            editor.original[name], values, editor.context.places
        )
        if place is None:
            return f"its moving average {name} is not in the checkpoint"
        values_of.append(np.asarray(values.reader(place)()))
    mean, variance = values_of
    if not mean.any() and (np.all(variance == 1) or not variance.any()):
        return (
            f"its moving averages {' and '.join(norm.averages)} still have their "
            "initial values: training never ran their updates"
        )
    return None


def switch_batch_norms(
    editor: GraphEditor, norms: Collection[BatchNorm]
) -> dict[Edge, Edge]:
    """Replace the statistics that batch norms compute by their moving averages.

    Returns:
      each statistic and the tensor that reads its average.
    """
    if not norms:
        return {}
    variables = {
        item: variable
        for norm in norms
        for item, variable in zip(norm.statistics, norm.averages, strict=True)
    }
    copies = {item: _copies(editor, item) for item in variables}
    shapes = _shapes(editor, [item for found in copies.values() for item in found])
    reads, moves = dict[Edge, Edge](), dict[Edge, Edge]()
    for item, variable in variables.items():
        reads[item] = _add_read(editor, variable)
        cast = _cast(editor, reads[item], editor.dtype(item))
        own = _own_shape(editor, variable)
        moves[item] = _reshaped(editor, cast, own, shapes.get(item, own))
        for copy in copies[item]:
            if shapes.get(copy) == own and editor.dtype(copy) == editor.dtype(item):
                moves[copy] = cast
    for norm in norms:
        if norm.fused:
            vectors = [
                _reshaped(editor, moves[item], shapes.get(item, (-1,)), (-1,))
                for item in norm.statistics
            ]
            _infer(editor, norm, vectors)
    editor.rewire(moves)
    prune(editor)
    return reads


def _copies(editor: GraphEditor, item: Edge) -> list[Edge]:
    """The tensor, and those that have the same elements in another shape."""
    found, consumers = [item], editor.consumers()
    for source in found:
        for node, taken in consumers.get(source.node, ()):
            if taken == source and node.op in SHAPED and data_inputs(node)[0] == source:
                found.append(Edge(node.name, 0))
    return found


def _infer(editor: GraphEditor, norm: BatchNorm, averages: list[Edge]) -> None:
    """Let a fused op normalize by these averages."""
    node = copied(editor.nodes[norm.name])
    set_inputs(node, [*data_inputs(node)[:3], *averages], control_inputs(node))
    node.attr["is_training"].b = False
    node.attr.pop("exponential_avg_factor", None)
    editor.nodes[norm.name] = node


def _add_read(editor: GraphEditor, variable: str) -> Edge:
    """Add an op that reads a variable, and the variable if it was pruned."""
    node = editor.nodes.setdefault(variable, copied(editor.original[variable]))
    is_resource = node.op in RESOURCE_VARIABLES
    name = editor.unused_name(f"{variable}/for_inference")
    read = editor.add(name, "ReadVariableOp" if is_resource else "Identity", [variable])
    read.attr["dtype" if is_resource else "T"].type = node.attr["dtype"].type
    return Edge(name, 0)


def _cast(editor: GraphEditor, item: Edge, dtype: int) -> Edge:
    if editor.dtype(item) == dtype:
        return item
    node = editor.add(editor.unused_name(f"{item.node}/cast"), "Cast", [item])
    node.attr["SrcT"].type, node.attr["DstT"].type = editor.dtype(item), dtype
    return Edge(node.name, 0)


def _reshaped(editor: GraphEditor, item: Edge, own: Shape, shape: Shape) -> Edge:
    """The tensor, of shape `own`, in another shape; -1 stands for all elements."""
    if own == shape or (shape == (-1,) and len(own) == 1):
        return item
    sizes = np.array(shape, np.int32)
    name = editor.add_constant(f"{item.node}/shape", sizes, tf.int32)
    made = editor.unused_name(f"{item.node}/reshaped")
    node = editor.add(made, "Reshape", [item, name])
    node.attr["T"].type = editor.dtype(item)
    node.attr["Tshape"].type = tf.int32.as_datatype_enum
    return Edge(made, 0)


def _own_shape(editor: GraphEditor, variable: str) -> Shape:
    shape = editor.nodes[variable].attr["shape"].shape
    return tuple(dim.size for dim in shape.dim)


def _shapes(editor: GraphEditor, tensors: list[Edge]) -> dict[Edge, Shape]:
    """The tensors' shapes, as far as TensorFlow can infer them."""
    try:
        return static_shapes(editor.graph_def(), tensors)
    except (ValueError, tf.errors.NotFoundError):  # an op that TensorFlow lacks
        return {}
