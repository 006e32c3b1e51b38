"""Replace calls of functions with the functions' nodes."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from helpers.freezing.control_flow.function_bodies import FunctionBody
from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import Edge, control_inputs, data_inputs, set_inputs
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import op_def

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
CALL_NAME = re.compile(r"(^|/)(Stateful)?PartitionedCall(_\d+)?$")
FRAMES = ("Enter", "RefEnter", "Switch", "RefSwitch")
MAX_DEPTH = 200  # of calls within calls


class Call(NamedTuple):
    """A node that calls a function, and the tensors that it passes."""

    node: Any
    function: str
    arguments: list[Edge]


def inline_all(editor: GraphEditor) -> int:
    """Inline all plain function calls, nested ones too; return the number of calls.

    Raises:
      FreezeError: a function calls itself.
    """
    inlined, depth = 0, 0
    while calls := list(_plain_calls(editor)):
        depth += 1
        if depth > MAX_DEPTH:
            raise FreezeError(
                f"function {calls[0].function!r} calls itself: a frozen graph cannot",
                "export the model with loops in place of the recursion",
            )
        inline(editor, calls)
        inlined += len(calls)
    return inlined


def _plain_calls(editor: GraphEditor) -> Iterable[Call]:
    for node in editor.nodes.values():
        name = node.attr["f"].func.name if node.op in CALLS else node.op
        if name in editor.functions and can_inline(editor, name):
            yield Call(node, name, data_inputs(node))


def can_inline(editor: GraphEditor, function: str) -> bool:
    """Whether the outputs of all ops in the function's body are known."""
    body = editor.functions[function].node_def
    return all(op_def(node.op) or node.op in editor.functions for node in body)


def inline(editor: GraphEditor, calls: Sequence[Call]) -> None:
    """Replace the calls with copies of their functions' nodes.

    What waits for a call then waits for the ops with side effects in its function, and
    these wait for what the call waits for.
    """
    if not calls:
        return
    moves: dict[Edge, Edge] = {}
    waits: dict[str, list[str]] = {}
    has_frames = any(node.op in FRAMES for node in editor.nodes.values())
    for call in calls:
        names = _unused_names(editor, call)
        body = FunctionBody(
            editor, call.function, call.arguments, names, call.node.attr
        )
        for node in body.graph_nodes():
            _keep_order(node, call.node, has_frames=has_frames)
            editor.nodes[node.name] = node
        outputs = body.outputs()
        moves |= {Edge(call.node.name, i): item for i, item in enumerate(outputs)}
        effects = [names[name] for name in body.body.control_ret.values()]
        waits[call.node.name] = effects or [item.node for item in outputs]
    for call in calls:
        del editor.nodes[call.node.name]
    for node in editor.nodes.values():
        if not waits.keys().isdisjoint(before := control_inputs(node)):
            set_inputs(node, data_inputs(node), _expanded(before, waits))
    editor.rewire(moves)


def _unused_names(editor: GraphEditor, call: Call) -> dict[str, str]:
    """The names of the function's nodes in the graph: in the scope of the call.

    The names that TensorFlow gives to calls are no scopes.
    """
    scope = CALL_NAME.sub("", call.node.name)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for node in editor.functions[call.function].node_def:
        wanted = f"{scope}/{node.name}" if scope else node.name
        names[node.name] = name = editor.unused_name(wanted, taken)
        taken.add(name)
    return names


def _keep_order(node, call, *, has_frames: bool) -> None:
    """Let the function's node wait for what the call waits for, if it matters.

    It does for ops with side effects. In a graph with the control flow of TensorFlow 1
    it also keeps constants in the loop or branch of the call: a node without inputs
    would belong to the outermost frame.
    """
    data, before = data_inputs(node), control_inputs(call)
    is_plain = (definition := op_def(node.op)) and not definition.is_stateful
    if data and is_plain:
        return
    if has_frames and not data and not before:
        before = [item.node for item in data_inputs(call)[:1]]
    set_inputs(node, data, [*control_inputs(node), *before])


def _expanded(names: Iterable[str], waits: dict[str, list[str]]) -> list[str]:
    """The names, those of calls replaced by the ops to wait for."""
    found: dict[str, None] = {}
    ahead, seen = list(names), set[str]()
    while ahead:
        name = ahead.pop(0)
        if name not in waits:
            found[name] = None
        elif name not in seen:
            seen.add(name)
            ahead += waits[name]
    return list(found)
