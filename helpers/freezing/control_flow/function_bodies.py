"""The nodes of a function as nodes of a graph, and its body edited as a graph."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from helpers.foreign.texts import shown
from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import (
    Edge,
    control_inputs,
    data_inputs,
    set_inputs,
    source_nodes,
)
from helpers.graphs.editor import GraphEditor, copied
from helpers.graphs.op_registry import op_def, output_count
from helpers.graphs.traversal import find_reachable


class FunctionBody:
    """A function's body, its tensor names translated to those of a graph and back.

    A body writes `argument` or `node:output:number` where a graph writes `node:index`.

    Args:
      arguments: the tensors passed to the function; default: the first outputs of nodes
        with the arguments' names.
      names: the names of the body's nodes in the graph; default: the same.
      attributes: the call's, for a function that takes types as attributes.
    """

    def __init__(
        self,
        editor: GraphEditor,
        function: str,
        arguments: Iterable[Edge] | None = None,
        names: Mapping[str, str] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ):
        self.functions, self.body = editor.functions, editor.functions[function]
        parameters = [argument.name for argument in self.body.signature.input_arg]
        passed = arguments or [Edge(name, 0) for name in parameters]
        self.attributes = attributes or {}
        self.arguments = dict(zip(parameters, passed, strict=True))
        self.nodes = {node.name: node for node in self.body.node_def}
        self.names = names or {name: name for name in self.nodes}

    def graph_nodes(self) -> Iterator[Any]:
        """Copies of the nodes, as they are written in the graph."""
        for node in self.body.node_def:
            made = copied(node)
            made.name = self.names[node.name]
            for attr in made.attr.values():
                if attr.placeholder in self.attributes:
                    attr.CopyFrom(self.attributes[attr.placeholder])
            data = [self.graph_tensor(text) for text in node.input if text[0] != "^"]
            waits = [self.names[n] for n in control_inputs(node) if n in self.names]
            set_inputs(made, data, waits)
            yield made

    def outputs(self) -> list[Edge]:
        """The function's outputs as tensors of the graph."""
        outputs = self.body.signature.output_arg
        return [self.graph_tensor(self.body.ret[output.name]) for output in outputs]

    def graph_tensor(self, text: str) -> Edge:
        """The graph's tensor for a tensor name of the body."""
        name, *where = text.split(":")
        if name in self.arguments:
            return self.arguments[name]
        output, number = where[0], int(where[1]) if len(where) > 1 else 0
        node = self.nodes.get(name)
        offsets = dict(self._output_offsets(node)) if node else {}
        if output not in offsets:
            raise FreezeError(
                f"the function {shown(self.body.signature.name)} is damaged: it reads "
                f"{shown(text)}, an output that none of its ops has",
                "copy or download the model again, or save it again",
            )
        return Edge(self.names[name], offsets[output] + number)

    def body_tensor(self, node, index: int) -> str:
        """The body's name for an output of a node."""
        offsets = self._output_offsets(node)
        name, first = [pair for pair in offsets if pair[1] <= index][-1]
        return f"{node.name}:{name}:{index - first}"

    def needed(self, nodes: Mapping[str, Any], outputs: Iterable[Edge]) -> set[str]:
        """Those of the nodes that the outputs and the function's side effects need."""
        start = [item.node for item in outputs] + list(self.body.control_ret.values())
        return set(
            find_reachable(start, lambda n: source_nodes(nodes[n]), within=nodes)
        )

    def _output_offsets(self, node) -> Iterator[tuple[str, int]]:
        """The names of the op's outputs, and the index at which each begins."""
        if node.op in self.functions:
            outputs = self.functions[node.op].signature.output_arg
            yield from ((output.name, index) for index, output in enumerate(outputs))
            return
        offset = 0
        for output in op_def(node.op).output_arg:
            yield output.name, offset
            offset += output_count(node, output)


def open_body(editor: GraphEditor, function: str) -> GraphEditor:
    """An editor of a function's body, with its arguments as `_Arg` nodes."""
    body = FunctionBody(editor, function)
    opened = GraphEditor({}, editor.functions, editor.versions, body.outputs())
    for argument in body.body.signature.input_arg:
        opened.add(argument.name, "_Arg").attr["T"].type = argument.type
    opened.nodes |= {node.name: node for node in body.graph_nodes()}
    return opened


def write_body(editor: GraphEditor, function: str, opened: GraphEditor) -> None:
    """Replace a function's body with the edited one.

    Nodes that the function needed before and does not need now are left out.
    """
    body = FunctionBody(editor, function)

    def body_tensor(item: Edge) -> str:
        node = opened.nodes[item.node]
        is_argument = node.op == "_Arg"
        return node.name if is_argument else body.body_tensor(node, item.output_index)

    old_nodes = {node.name: node for node in body.graph_nodes()}
    before = body.needed(old_nodes, body.outputs())
    after = body.needed(opened.nodes, opened.outputs)
    kept = [
        copied(node)
        for node in opened.nodes.values()
        if node.op != "_Arg" and (node.name in after or node.name not in before)
    ]
    for node in kept:
        data = [body_tensor(item) for item in data_inputs(node)]
        set_inputs(node, data, control_inputs(node))
    signature = body.body.signature
    for output, item in zip(signature.output_arg, opened.outputs, strict=True):
        body.body.ret[output.name] = body_tensor(item)
    del body.body.node_def[:]
    body.body.node_def.extend(kept)
