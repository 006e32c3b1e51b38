"""Resolve conditionals of TensorFlow 1: Switch forwards to one output, Merge joins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import SWITCHES, known_values
from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import Edge, control_inputs, data_inputs
from helpers.graphs.editor import GraphEditor

MERGES = ("Merge", "RefMerge")


def resolve_switches(editor: GraphEditor) -> int:
    """Replace every conditional with a known predicate by the branch that is taken.

    Returns:
      the number of Switch ops removed.
    Raises:
      FreezeError: an output is computed in a branch that is not taken.
    """
    taken = _taken_outputs(editor, known_values(editor))
    if not taken:
        return 0
    predicates = {editor.nodes[name].input[1] for name in taken}
    live = _live_nodes(editor, taken)
    for item in editor.outputs:
        if item.node not in live:
            raise FreezeError(
                f"output {item.node!r} is computed in training only: a conditional on "
                "a training switch leaves it out",
                "choose an output that inference computes, with --output-node-names",
            )
    moves = {
        Edge(name, index): data_inputs(editor.nodes[name])[0]
        for name, index in taken.items()
        if name in live
    }
    moves |= _merge_moves(editor, live, taken)
    editor.nodes = {name: node for name, node in editor.nodes.items() if name in live}
    editor.rewire(moves)
    for name in {item.node for item in moves} - {item.node for item in editor.outputs}:
        del editor.nodes[name]
    editor.removed["conditional"] += len(predicates)
    return len(taken)


def _taken_outputs(editor: GraphEditor, known: Mapping[Edge, Any]) -> dict[str, int]:
    """The output that each Switch with a known predicate forwards to; 1: true."""
    predicates = {
        node.name: data_inputs(node)[1]
        for node in editor.nodes.values()
        if node.op in SWITCHES
    }
    return {name: int(known[p]) for name, p in predicates.items() if p in known}


def live_nodes(
    editor: GraphEditor, known: Mapping[Edge, Any], *, flipped: bool = False
) -> set[str]:
    """The nodes that run, given known predicates, or with these predicates negated."""
    taken = _taken_outputs(editor, known)
    return _live_nodes(editor, {name: index ^ flipped for name, index in taken.items()})


def _live_nodes(editor: GraphEditor, taken: Mapping[str, int]) -> set[str]:
    """The nodes whose inputs are all live; of a Merge's inputs, one is enough.

    The search starts at the nodes without inputs, so that a loop with no live input
    stays dead.
    """
    consumers = editor.consumers()
    missing = {
        name: _count_inputs(node, editor.nodes) for name, node in editor.nodes.items()
    }
    ahead = [name for name, count in missing.items() if count == 0]
    live = set(ahead)
    while ahead:
        name = ahead.pop()
        for consumer, item in consumers.get(name, ()):
            is_dead = not item.control and not _is_taken(item, taken)
            if is_dead or consumer.name in live:
                continue
            missing[consumer.name] -= 1
            if missing[consumer.name] == 0:
                live.add(consumer.name)
                ahead.append(consumer.name)
    return live


def _is_taken(item: Edge, taken: Mapping[str, int]) -> bool:
    """Whether the tensor is not the output that a resolved Switch leaves out."""
    return taken.get(item.node, item.output_index) == item.output_index


def _count_inputs(node, nodes: Mapping[str, Any]) -> int:
    """The number of inputs that have to be live before the node runs."""
    waits = [name for name in control_inputs(node) if name in nodes]
    return len(waits) + (1 if node.op in MERGES else len(data_inputs(node)))


def _merge_moves(
    editor: GraphEditor, live: set[str], taken: Mapping[str, int]
) -> dict[Edge, Edge]:
    """For each Merge with one live input: its outputs, and what replaces them."""
    moves: dict[Edge, Edge] = {}
    for name in list(live):
        node = editor.nodes[name]
        if node.op not in MERGES:
            continue
        inputs = [
            (index, item)
            for index, item in enumerate(data_inputs(node))
            if item.node in live and _is_taken(item, taken)
        ]
        if len(inputs) == 1:
            ((index, item),) = inputs
            wanted = f"{name}/value_index"
            constant = editor.add_constant(wanted, np.int32(index), tf.int32)
            live.add(constant)
            moves |= {Edge(name, 0): item, Edge(name, 1): Edge(constant, 0)}
    return moves
