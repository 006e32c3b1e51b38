"""Folds what the bound values decide: branches, masks of ones, factors of one."""

from helpers.freezing.analysis.constant_propagation import (
    Interval,
    known_values,
    set_scalar,
)
from helpers.freezing.control_flow.functional import take_branches
from helpers.freezing.control_flow.inlining import Call, inline
from helpers.freezing.control_flow.v1 import resolve_switches
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.edges import Edge, control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_kinds import SELECTS


def simplify(editor: GraphEditor) -> int:
    """Resolve conditionals and fold neutral ops until neither changes the graph.

    Returns the number of conditionals and ops removed.
    """
    for item, value in editor.bound.items():
        if item.node in editor.nodes:
            set_scalar(editor.nodes[item.node], value)
    simplified = 0
    while changes := (
        inline_branches(editor) or resolve_switches(editor) or fold_neutral(editor)
    ):
        simplified += changes
        prune(editor)
    known = known_values(editor)
    bound = bound_tensors(editor, known)
    take_branches(editor, {i: bool(known[i]) for i in bound if known[i].dtype == bool})
    _remove_control_inputs(editor)
    prune(editor)
    return simplified


def inline_branches(editor: GraphEditor) -> int:
    """Replace each If whose predicate is known with the branch that it takes."""
    known = known_values(editor)
    decided = [
        node
        for node in editor.nodes.values()
        if node.op in ("If", "StatelessIf") and data_inputs(node)[0] in known
    ]
    calls = []
    for node in decided:
        predicate, *arguments = data_inputs(node)
        branch = "then_branch" if known[predicate] else "else_branch"
        calls.append(Call(node, node.attr[branch].func.name, arguments))
    inline(editor, calls)
    editor.removed["conditional"] += len(decided)
    return len(decided)


def fold_neutral(editor: GraphEditor) -> int:
    """Replace x * 1, x / 1 and where(True, x, y) by x, where the 1 or True is bound.

    Returns the number of ops replaced.
    """
    known = known_values(editor)
    bound = bound_tensors(editor, known)
    moves = {}
    for node in editor.nodes.values():
        inputs = data_inputs(node)
        values = [known.get(item) if item in bound else None for item in inputs]
        index = _forwarded_input(node.op, values)
        if index is not None and Edge(node.name, 0) not in bound:
            moves[Edge(node.name, 0)] = inputs[index]
    editor.rewire(moves)
    for item in moves:
        if editor.nodes[item.node].op != "Identity":
            del editor.nodes[item.node]
    return len(moves)


def _forwarded_input(op: str, values: list) -> int | None:
    """The index of the input that the op returns unchanged, or None."""
    if op == "Mul" and values[1] == 1:
        return 0
    if op == "Mul" and values[0] == 1:
        return 1
    if op in ("RealDiv", "Div") and values[1] == 1:
        return 0
    if op in SELECTS and values[0] is not None:
        return 1 if values[0] else 2
    return None


def bound_tensors(editor: GraphEditor, known) -> set[Edge]:
    """The tensors whose value is known because a tensor is bound.

    Includes comparisons with random numbers that always have the same result.
    """
    found, consumers = set(editor.bound), editor.consumers()
    found |= {item for item in known if _is_decided_comparison(editor, item, known)}
    ahead = list(found)
    while ahead:
        for consumer, _ in consumers.get(ahead.pop().node, ()):
            item = Edge(consumer.name, 0)
            if item in known and item not in found:
                found.add(item)
                ahead.append(item)
    return found


def _is_decided_comparison(editor: GraphEditor, item: Edge, known) -> bool:
    if item.node not in editor.nodes:
        return False
    inputs = [known.get(source) for source in data_inputs(editor.nodes[item.node])]
    is_random = any(isinstance(value, Interval) for value in inputs)
    return is_random and not isinstance(known[item], Interval)


def _remove_control_inputs(editor: GraphEditor) -> None:
    """Remove control inputs from bound tensors: those are constants now."""
    constant = {item.node for item in bound_tensors(editor, known_values(editor))}
    for node in editor.nodes.values():
        if not constant.isdisjoint(names := control_inputs(node)):
            lasting = [name for name in names if name not in constant]
            set_inputs(node, data_inputs(node), lasting)
