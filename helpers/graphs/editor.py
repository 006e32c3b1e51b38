"""The graph editor: nodes by name, edited on the protobuf, without a session."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf1
from tensorflow.core.framework import function_pb2, node_def_pb2, versions_pb2

from helpers.graphs.op_registry import attribute, op_def, output_count


class Edge(NamedTuple):
    """One entry of a node's inputs, taken apart."""

    node: str
    index: int  # which output of that node; -1: control

    @property
    def control(self) -> bool:
        return self.index < 0

    def __str__(self) -> str:
        if self.control:
            return f"^{self.node}"
        return f"{self.node}:{self.index}" if self.index else self.node


def edge(text: str) -> Edge:
    """`name`, `name:1` or `^name` as an Edge."""
    if text.startswith("^"):
        return Edge(text[1:], -1)
    name, _, index = text.partition(":")
    return Edge(name, int(index or 0))


def data_inputs(node) -> list[Edge]:
    return [edge(text) for text in node.input if not text.startswith("^")]


def control_inputs(node) -> list[str]:
    return [text[1:] for text in node.input if text.startswith("^")]


def set_inputs(node, data: Iterable[Edge | str], control: Iterable[str] = ()) -> None:
    """Replace all inputs; control edges come last and once, as TensorFlow asks."""
    texts = [str(item) for item in data]
    texts += dict.fromkeys(f"^{name}" for name in control)
    del node.input[:]
    node.input.extend(texts)


def consumers(nodes: Iterable) -> dict[str, list[tuple[Any, Edge]]]:
    """For each node that is taken, who takes which of its outputs."""
    found: dict[str, list] = {}
    for node in nodes:
        for item in map(edge, node.input):
            found.setdefault(item.node, []).append((node, item))
    return found


@dataclass
class GraphEditor:
    """A graph that is being edited, its outputs, and what was changed so far."""

    nodes: dict[str, Any]  # NodeDef by name, in the order of the graph
    functions: dict[str, Any]  # FunctionDef by name
    versions: versions_pb2.VersionDef
    outputs: list[Edge]
    asked: tuple[Edge, ...] = ()  # the outputs by the names they had at first
    bound: dict[Edge, Any] = field(default_factory=dict)  # tensor -> value
    bound_inside: dict = field(default_factory=dict)  # (function, node) -> value
    removed: Counter = field(default_factory=Counter)  # what -> how many
    cuts: dict[str, Edge] = field(default_factory=dict)  # placeholder -> was
    initialisers: list[str] = field(default_factory=list)  # run once when loaded
    weights: dict[str, Any] = field(default_factory=dict)  # node -> Weight
    changes: dict[str, str] = field(default_factory=dict)  # node -> variable
    warnings: list[str] = field(default_factory=list)
    original: Mapping[str, Any] = field(default_factory=dict)  # nodes before any edit
    context: Any = None  # what the passes of helpers.freezing know of the source

    @classmethod
    def of(cls, graph_def: tf1.GraphDef, outputs: Iterable[Edge] = ()) -> "GraphEditor":
        """An editor of a copy: the GraphDef itself is never changed."""
        return cls(
            {node.name: copied(node) for node in graph_def.node},
            {f.signature.name: _function(f) for f in graph_def.library.function},
            graph_def.versions,
            list(outputs),
            tuple(outputs),
            original={node.name: node for node in graph_def.node},
        )

    def graph_def(self) -> tf1.GraphDef:
        """The graph as a GraphDef; the values of `weights` are left out."""
        made = tf1.GraphDef(node=self.nodes.values(), versions=self.versions)
        made.library.function.extend(self.functions.values())
        return made

    def roots(self) -> list[str]:
        return [item.node for item in self.outputs] + self.initialisers

    def add(self, name: str, op: str, inputs: Iterable[Edge | str] = ()):
        """A new node, in place of the one of that name if there is one."""
        node = node_def_pb2.NodeDef(name=name, op=op)
        node.input.extend(str(item) for item in inputs)
        self.nodes[name] = node
        return node

    def unused_name(self, wanted: str) -> str:
        name, number = wanted, 0
        while name in self.nodes:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def consumers(self) -> dict[str, list[tuple[Any, Edge]]]:
        return consumers(self.nodes.values())

    def rewire(self, moves: Mapping[Edge, Edge]) -> None:
        """Let all who took a tensor take another; chains of moves are followed.

        Outputs keep their names: a moved one becomes an Identity of what it moved to.
        """
        if not moves:
            return
        sources = {move.node for move in moves}
        for node in list(self.nodes.values()):
            if any(edge(text).node in sources for text in node.input):
                data = [_followed(item, moves) for item in data_inputs(node)]
                set_inputs(node, data, self._moved_controls(node, moves))
        for item in list(self.outputs):
            if item in moves:
                self._keep_output(item, _followed(item, moves))

    def _moved_controls(self, node, moves) -> list[str]:
        first = (Edge(name, 0) for name in control_inputs(node))
        return [_followed(item, moves).node for item in first]

    def _keep_output(self, item: Edge, source: Edge) -> None:
        """Let an output that moved keep its name, if it was its op's first."""
        if item.index:
            position = self.outputs.index(item)
            self.outputs[position] = source
            return
        dtype = self.dtype(source)
        node = self.add(item.node, "Identity", [source])
        node.attr["T"].type = dtype

    def copy_function(self, name: str, made_name: str):
        """A copy of a function under another name, in the library."""
        body = type(self.functions[name])()
        body.CopyFrom(self.functions[name])
        body.signature.name = made_name
        self.functions[made_name] = body
        return body

    def dtype(self, item: Edge) -> int:
        """The type of a tensor, by its op's definition."""
        return output_types(self.nodes[item.node], self.functions)[item.index]


def output_types(node, functions: Mapping[str, Any] = {}) -> list[int]:
    """The types of all outputs of a node, by its op's definition."""
    if node.op in functions:
        return [arg.type for arg in functions[node.op].signature.output_arg]
    types: list[int] = []
    for output in op_def(node.op).output_arg:
        if output.type_list_attr:
            types += attribute(node, output.type_list_attr).list.type
            continue
        one = output.type or attribute(node, output.type_attr).type
        types += [one] * output_count(node, output)
    return types


def nodes_of(editor: GraphEditor) -> Iterator[tuple[str, Any, Mapping]]:
    """Every node with its scope and all nodes of that: the graph's, each function's."""
    for node in editor.nodes.values():
        yield "", node, editor.nodes
    for name, function in editor.functions.items():
        nodes = {node.name: node for node in function.node_def}
        for node in function.node_def:
            yield f"{name}/", node, nodes


def copied(node):
    made = node_def_pb2.NodeDef()
    made.CopyFrom(node)
    return made


def _function(function):
    made = function_pb2.FunctionDef()
    made.CopyFrom(function)
    return made


def _followed(item: Edge, moves: Mapping[Edge, Edge]) -> Edge:
    while item in moves:
        item = moves[item]
    return item
