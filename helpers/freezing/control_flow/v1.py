"""Resolve the old kind of conditional: Switch sends to one side, Merge joins."""

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import (
    SWITCHES,
    known_values,
)
from helpers.freezing.errors import FreezeError
from helpers.graphs.editor import Edge, GraphEditor, control_inputs, data_inputs

MERGES = ("Merge", "RefMerge")


def resolve_switches(editor: GraphEditor) -> int:
    """Take every conditional whose predicate is known out of the graph.

    Returns:
      how many switches there were.
    """
    sides = _sides(editor, known_values(editor))
    if not sides:
        return 0
    predicates = {editor.nodes[name].input[1] for name in sides}
    living = _living(editor, sides)
    _check_outputs(editor, living)
    moves = {
        Edge(name, side): data_inputs(editor.nodes[name])[0]
        for name, side in sides.items()
        if name in living
    }
    moves |= _joined(editor, living, sides)
    gone = {item.node for item in moves}
    kept = {n: v for n, v in editor.nodes.items() if n in living}
    editor.nodes = kept
    editor.rewire(moves)
    for name in gone - {item.node for item in editor.outputs}:
        del editor.nodes[name]
    editor.removed["conditional"] += len(predicates)
    return len(sides)


def _sides(editor: GraphEditor, known) -> dict[str, int]:
    """The side that is taken of each switch whose predicate is known."""
    predicates = {
        node.name: data_inputs(node)[1]
        for node in editor.nodes.values()
        if node.op in SWITCHES
    }
    return {name: int(known[p]) for name, p in predicates.items() if p in known}


def living_nodes(editor: GraphEditor, known, flipped: bool = False) -> set[str]:
    """The nodes that run where the switches go as is known, or the other way."""
    sides = _sides(editor, known)
    return _living(editor, {name: side ^ flipped for name, side in sides.items()})


def _living(editor: GraphEditor, sides: dict[str, int]) -> set[str]:
    """The nodes that still run: all inputs alive, or for a Merge one of them.

    Life spreads from the nodes without inputs, so that a loop that nothing alive
    enters stays dead.
    """
    consumers = editor.consumers()
    missing = {n.name: _needed(n, editor) for n in editor.nodes.values()}
    ahead = [name for name, count in missing.items() if count == 0]
    living = set(ahead)
    while ahead:
        name = ahead.pop()
        for taker, item in consumers.get(name, ()):
            dead_side = not item.control and sides.get(name, item.index) != item.index
            if dead_side or taker.name in living:
                continue
            missing[taker.name] -= 1
            if missing[taker.name] == 0:
                living.add(taker.name)
                ahead.append(taker.name)
    return living


def _needed(node, editor: GraphEditor) -> int:
    waits = [name for name in control_inputs(node) if name in editor.nodes]
    return len(waits) + (1 if node.op in MERGES else len(data_inputs(node)))


def _joined(editor: GraphEditor, living: set[str], sides) -> dict[Edge, Edge]:
    """Where a Merge with one living input moves to."""
    moves = {}
    for name in list(living):
        node = editor.nodes[name]
        if node.op not in MERGES:
            continue
        alive = [
            (index, item)
            for index, item in enumerate(data_inputs(node))
            if item.node in living and sides.get(item.node, item.index) == item.index
        ]
        if len(alive) == 1:
            ((index, item),) = alive
            moves[Edge(name, 0)] = item
            moves[Edge(name, 1)] = _number(editor, f"{name}/value_index", index, living)
    return moves


def _number(editor: GraphEditor, wanted: str, number: int, living: set[str]) -> Edge:
    node = editor.add(editor.unused_name(wanted), "Const")
    node.attr["dtype"].type = tf.int32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.int32(number)))
    living.add(node.name)
    return Edge(node.name, 0)


def _check_outputs(editor: GraphEditor, living: set[str]) -> None:
    for item in editor.outputs:
        if item.node not in living:
            raise FreezeError(
                f"output {item.node!r} is computed in training only: a conditional on "
                "a training switch leaves it out",
                "choose an output that inference computes, with --output-node-names",
            )
