"""Fold what is bound away: branches not taken, masks of ones, factors of one."""

from helpers.freezing.analysis.constant_propagation import (
    Span,
    known_values,
    set_scalar,
)
from helpers.freezing.control_flow.function_bodies import inline
from helpers.freezing.control_flow.functional import take_branches
from helpers.freezing.control_flow.v1 import resolve_switches
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.editor import (
    Edge,
    GraphEditor,
    control_inputs,
    data_inputs,
    set_inputs,
)


def simplify(editor: GraphEditor) -> int:
    """Resolve conditionals and fold neutral ops until nothing more follows.

    Returns the number of conditionals and ops taken out.
    """
    _make_constant(editor)
    simplified = 0
    while changes := _resolve_one_kind(editor):
        simplified += changes
        prune(editor)
    known = known_values(editor)
    take_branches(
        editor, {item: bool(known[item]) for item in _switches(editor, known)}
    )
    _forget_waiting(editor)
    prune(editor)
    return simplified


def _resolve_one_kind(editor: GraphEditor) -> int:
    return _inline_branches(editor) or resolve_switches(editor) or fold_neutral(editor)


def _switches(editor: GraphEditor, known) -> list[Edge]:
    """The bound tensors that are yes or no."""
    return [item for item in bound_tensors(editor, known) if known[item].dtype == bool]


def _make_constant(editor: GraphEditor) -> None:
    for item, value in editor.bound.items():
        if item.node not in editor.nodes:
            continue
        set_scalar(editor.nodes[item.node], value)


def _inline_branches(editor: GraphEditor) -> int:
    """Write the branch that is taken in place of each conditional that is decided."""
    known = known_values(editor)
    decided = [
        node
        for node in editor.nodes.values()
        if node.op in ("If", "StatelessIf") and data_inputs(node)[0] in known
    ]
    for node in decided:
        predicate, *arguments = data_inputs(node)
        if predicate not in known:  # it was in another branch; decided next time
            continue
        branch = "then_branch" if known[predicate] else "else_branch"
        moves = inline(editor, node, node.attr[branch].func.name, arguments)
        del editor.nodes[node.name]
        editor.rewire(moves)
    editor.removed["conditional"] += len(decided)
    return len(decided)


def fold_neutral(editor: GraphEditor) -> int:
    """Take x for x * 1, x / 1 and where(True, x, y), where the 1 or True is bound."""
    known = known_values(editor)
    bound = bound_tensors(editor, known)
    moves = {}
    for node in editor.nodes.values():
        inputs = data_inputs(node)
        left = _left_over(
            node.op, [known.get(i) if i in bound else None for i in inputs]
        )
        if left is not None and Edge(node.name, 0) not in bound:
            moves[Edge(node.name, 0)] = inputs[left]
    editor.rewire(moves)
    for item in moves:
        if editor.nodes[item.node].op != "Identity":
            del editor.nodes[item.node]
    return len(moves)


def _left_over(op: str, values: list) -> int | None:
    """Which input the op gives unchanged, or None."""
    if op == "Mul" and values[1] == 1:
        return 0
    if op == "Mul" and values[0] == 1:
        return 1
    if op in ("RealDiv", "Div") and values[1] == 1:
        return 0
    if op in ("Select", "SelectV2") and values[0] is not None:
        return 1 if values[0] else 2
    return None


def bound_tensors(editor: GraphEditor, known) -> set[Edge]:
    """The tensors whose value is known because of something that was bound.

    So is what random numbers are compared with, where the result is always the same.
    """
    found, consumers = set(editor.bound), editor.consumers()
    found |= {item for item in known if _is_decided(editor, item, known)}
    ahead = list(found)
    while ahead:
        for taker, _ in consumers.get(ahead.pop().node, ()):
            item = Edge(taker.name, 0)
            if item in known and item not in found:
                found.add(item)
                ahead.append(item)
    return found


def _is_decided(editor: GraphEditor, item: Edge, known) -> bool:
    if item.node not in editor.nodes:
        return False
    inputs = [known.get(source) for source in data_inputs(editor.nodes[item.node])]
    is_random = any(isinstance(value, Span) for value in inputs)
    return is_random and not isinstance(known[item], Span)


def _forget_waiting(editor: GraphEditor) -> None:
    """Drop control edges from what is a bound constant by now: nothing to wait for."""
    constant = {item.node for item in bound_tensors(editor, known_values(editor))}
    for node in editor.nodes.values():
        if not constant.isdisjoint(waits := control_inputs(node)):
            lasting = [name for name in waits if name not in constant]
            set_inputs(node, data_inputs(node), lasting)
