"""Write the body of a function into the graph that calls it."""

from helpers.freezing.drafts import (
    Draft,
    Edge,
    control_inputs,
    copied,
    data_inputs,
    set_inputs,
)
from helpers.freezing.registry import op_def, output_count

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def inline(
    draft: Draft, call, function: str, arguments: list[Edge]
) -> dict[Edge, Edge]:
    """Write `function` into the graph as `call`'s name / its node's name.

    Returns:
      where each output of the call is now, for Draft.rewire.
    """
    body = draft.functions[function]
    places = Places(draft, call, body, arguments)
    for node in body.node_def:
        made = copied(node)
        made.name = places.names[node.name]
        data = [places.tensor(text) for text in node.input if text[0] != "^"]
        control = [places.names[n] for n in control_inputs(node) if n in places.names]
        if not data:
            control += places.anchors
        set_inputs(made, data, control)
        draft.nodes[made.name] = made
    results = [body.ret[output.name] for output in body.signature.output_arg]
    return {
        Edge(call.name, index): places.tensor(text)
        for index, text in enumerate(results)
    }


class Places:
    """Where the tensors of a function are once it is written into the graph."""

    def __init__(self, draft: Draft, call, body, arguments: list[Edge]):
        self.draft = draft
        names = [argument.name for argument in body.signature.input_arg]
        self.arguments = dict(zip(names, arguments, strict=True))
        self.nodes = {node.name: node for node in body.node_def}
        self.names = {
            name: draft.unused_name(f"{call.name}/{name}") for name in self.nodes
        }
        self.anchors = _anchors(draft, call)

    def tensor(self, text: str) -> Edge:
        """`argument` or `node:output:number`, as functions name tensors, as an Edge."""
        name, *where = text.split(":")
        if name in self.arguments:
            return self.arguments[name]
        output, number = where[0], int(where[1]) if len(where) > 1 else 0
        return Edge(self.names[name], self._offset(self.nodes[name], output) + number)

    def _offset(self, node, wanted: str) -> int:
        if node.op in self.draft.functions:
            outputs = self.draft.functions[node.op].signature.output_arg
            return [output.name for output in outputs].index(wanted)
        offset = 0
        for output in op_def(node.op).output_arg:
            if output.name == wanted:
                return offset
            offset += output_count(node, output)
        raise KeyError(f"{node.op} has no output {wanted!r}")


def _anchors(draft: Draft, call) -> list[str]:
    """What the body's constants wait for: in a loop they must be in its frame."""
    control = control_inputs(call)
    old_loops = any(node.op in ("Enter", "Switch") for node in draft.nodes.values())
    if old_loops and not control:
        control = [item.node for item in data_inputs(call)[:1]]
    return control


def inline_calls(draft: Draft) -> None:
    """Write every plain function call into the graph, calls of calls too."""
    while calls := [n for n in draft.nodes.values() if _called(draft, n)]:
        for call in calls:
            moves = inline(draft, call, _called(draft, call), data_inputs(call))
            del draft.nodes[call.name]
            draft.rewire(moves)


def _called(draft: Draft, node) -> str | None:
    if node.op in CALLS:
        return node.attr["f"].func.name
    return node.op if node.op in draft.functions else None
