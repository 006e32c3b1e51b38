"""Write the body of a function into the graph that calls it, or open it by itself."""

from collections.abc import Iterator

from helpers.graphs.editor import (
    Edge,
    GraphEditor,
    control_inputs,
    copied,
    data_inputs,
    edge,
    set_inputs,
)
from helpers.graphs.op_registry import op_def, output_count


def inline(
    editor: GraphEditor, call, function: str, arguments: list[Edge]
) -> dict[Edge, Edge]:
    """Write `function` into the graph as `call`'s name / its node's name.

    Returns:
      where each output of the call is now, for GraphEditor.rewire.
    """
    body = editor.functions[function]
    wanted = {node.name: f"{call.name}/{node.name}" for node in body.node_def}
    names = {name: editor.unused_name(text) for name, text in wanted.items()}
    places = Places(editor.functions, body, arguments, names)
    for made in places.nodes_in_graph():
        if not data_inputs(made):
            set_inputs(made, [], [*control_inputs(made), *_anchors(editor, call)])
        editor.nodes[made.name] = made
    return {Edge(call.name, index): item for index, item in enumerate(places.results())}


class Places:
    """How a function's tensors are called in a graph, and the other way round.

    A function says `argument` or `node:output:number` where a graph says `node:index`.
    """

    def __init__(self, functions, body, arguments: list[Edge], names: dict[str, str]):
        self.functions, self.body, self.names = functions, body, names
        said = [argument.name for argument in body.signature.input_arg]
        self.arguments = dict(zip(said, arguments, strict=True))
        self.nodes = {node.name: node for node in body.node_def}

    def nodes_in_graph(self) -> Iterator:
        """The nodes as they are in a graph."""
        for node in self.body.node_def:
            made = copied(node)
            made.name = self.names[node.name]
            data = [self.tensor(text) for text in node.input if text[0] != "^"]
            waits = [self.names[n] for n in control_inputs(node) if n in self.names]
            set_inputs(made, data, waits)
            yield made

    def results(self) -> list[Edge]:
        outputs = self.body.signature.output_arg
        return [self.tensor(self.body.ret[output.name]) for output in outputs]

    def tensor(self, text: str) -> Edge:
        """A function's text as an Edge of the graph."""
        name, *where = text.split(":")
        if name in self.arguments:
            return self.arguments[name]
        output, number = where[0], int(where[1]) if len(where) > 1 else 0
        offsets = dict(self._outputs(self.nodes[name]))
        return Edge(self.names[name], offsets[output] + number)

    def text(self, node, index: int) -> str:
        """A function's text for this output of a node that has its name."""
        name, first = [pair for pair in self._outputs(node) if pair[1] <= index][-1]
        return f"{node.name}:{name}:{index - first}"

    def _outputs(self, node) -> Iterator[tuple[str, int]]:
        """The names of the op's outputs, and the index at which each begins."""
        if node.op in self.functions:
            outputs = self.functions[node.op].signature.output_arg
            yield from ((output.name, index) for index, output in enumerate(outputs))
            return
        offset = 0
        for output in op_def(node.op).output_arg:
            yield output.name, offset
            offset += output_count(node, output)


def opened(editor: GraphEditor, name: str) -> GraphEditor:
    """An editor of the body of a function, whose arguments are `_Arg` nodes."""
    body = editor.functions[name]
    names = {name: name for name in _names(body)}
    said = [argument.name for argument in body.signature.input_arg]
    places = Places(editor.functions, body, [Edge(text, 0) for text in said], names)
    made = GraphEditor({}, editor.functions, editor.versions, places.results())
    for argument in body.signature.input_arg:
        made.add(argument.name, "_Arg").attr["T"].type = argument.type
    made.nodes |= {node.name: node for node in places.nodes_in_graph()}
    return made


def _names(body) -> list[str]:
    return [node.name for node in body.node_def]


def close(editor: GraphEditor, name: str, opened: GraphEditor) -> None:
    """Write the body back, without the nodes that were needed and are no longer."""
    body = editor.functions[name]
    names = {name: name for name in [*opened.nodes, *_names(body)]}
    said = [argument.name for argument in body.signature.input_arg]
    places = Places(editor.functions, body, [Edge(text, 0) for text in said], names)

    def text(item: Edge) -> str:
        node = opened.nodes[item.node]
        return node.name if node.op == "_Arg" else places.text(node, item.index)

    before = needed({node.name: node for node in places.nodes_in_graph()}, body, places)
    after = needed(opened.nodes, body, places, opened.outputs)
    kept = [
        copied(node)
        for node in opened.nodes.values()
        if node.op != "_Arg" and (node.name in after or node.name not in before)
    ]
    for node in kept:
        waits = [f"^{n}" for n in control_inputs(node)]
        data = [text(item) for item in data_inputs(node)]
        del node.input[:]
        node.input.extend(data + waits)
    for output, item in zip(body.signature.output_arg, opened.outputs, strict=True):
        body.ret[output.name] = text(item)
    del body.node_def[:]
    body.node_def.extend(kept)


def needed(nodes: dict, body, places: Places, outputs: list[Edge] | None = None) -> set:
    """The nodes that a function's results and effects are made from."""
    results = places.results() if outputs is None else outputs
    ahead = [item.node for item in results] + list(body.control_ret.values())
    seen: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            ahead += [edge(text).node for text in nodes[name].input]
    return seen


def _anchors(editor: GraphEditor, call) -> list[str]:
    """What the body's constants wait for: in a loop they must be in its frame."""
    control = control_inputs(call)
    old_loops = any(node.op in ("Enter", "Switch") for node in editor.nodes.values())
    if old_loops and not control:
        control = [item.node for item in data_inputs(call)[:1]]
    return control
