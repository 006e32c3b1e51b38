"""The graph editor: nodes by name, edited on the protobuf, without a session."""

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.framework import node_def_pb2, versions_pb2

from helpers.graphs.edges import (
    Edge,
    consumers,
    control_inputs,
    data_inputs,
    set_inputs,
)
from helpers.graphs.op_registry import attribute, op_def, output_count


class Weight(NamedTuple):
    """A constant's type and shape, and a function that reads its value."""

    dtype: tf.DType
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        """The size of the value in bytes."""
        return math.prod(self.shape) * self.dtype.size


@dataclass
class GraphEditor:
    """A graph that is being edited, its outputs, and a record of the changes."""

    nodes: dict[str, Any]  # NodeDef by name, in the order of the graph
    functions: dict[str, Any]  # FunctionDef by name
    versions: versions_pb2.VersionDef
    outputs: list[Edge]
    requested_outputs: tuple[Edge, ...] = ()  # the outputs before any edit
    bound: dict[Edge, Any] = field(default_factory=dict)  # tensor -> fixed value
    bound_inside: dict = field(default_factory=dict)  # (function, node) -> fixed value
    removed: Counter = field(default_factory=Counter)  # kind of node -> number
    initialisers: list[str] = field(default_factory=list)  # run once after loading
    weights: dict[str, Weight] = field(default_factory=dict)  # by name of the Const
    changes: dict[str, str] = field(default_factory=dict)  # update node -> variable
    warnings: list[str] = field(default_factory=list)
    original: dict[str, Any] = field(default_factory=dict)  # the nodes before any edit
    context: Any = None  # helpers.freezing.passes.context.Context, a package above

    @classmethod
    def of(cls, graph_def: tf1.GraphDef, outputs: Iterable[Edge] = ()) -> "GraphEditor":
        """An editor of a copy: the GraphDef itself is never changed."""
        return cls(
            {node.name: copied(node) for node in graph_def.node},
            {f.signature.name: copied(f) for f in graph_def.library.function},
            graph_def.versions,
            list(outputs),
            tuple(outputs),
            original={node.name: node for node in graph_def.node},
        )

    def graph_def(self) -> tf1.GraphDef:
        """The graph as a GraphDef; the constants in `weights` have no value in it."""
        made = tf1.GraphDef(node=self.nodes.values(), versions=self.versions)
        made.library.function.extend(self.functions.values())
        return made

    def roots(self) -> list[str]:
        """The nodes that must stay: the outputs and the initialisers."""
        return [item.node for item in self.outputs] + self.initialisers

    def add(self, name: str, op: str, inputs: Iterable[Edge | str] = ()):
        """Add a node, in place of an existing node of this name, and return it."""
        node = node_def_pb2.NodeDef(name=name, op=op)
        node.input.extend(str(item) for item in inputs)
        self.nodes[name] = node
        return node

    def add_constant(self, wanted: str, value: np.ndarray | np.generic, dtype) -> str:
        """Add a Const under an unused name, and return the name."""
        node = self.add(self.unused_name(wanted), "Const")
        node.attr["dtype"].type = tf.as_dtype(dtype).as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype=dtype))
        return node.name

    def add_weight(self, name: str, weight: Weight) -> str:
        """Add a Const whose value is read when it is written, and return its name."""
        node = self.add(name, "Const")
        node.attr["dtype"].type = weight.dtype.as_datatype_enum
        self.weights[name] = weight
        return name

    def unused_name(self, wanted: str, taken: Container[str] = ()) -> str:
        """The wanted name, with a number appended if it is in use, or in `taken`."""
        name, number = wanted, 0
        while name in self.nodes or name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def consumers(self) -> dict[str, list[tuple[Any, Edge]]]:
        return consumers(self.nodes.values())

    def rewire(self, moves: Mapping[Edge, Edge]) -> None:
        """Replace inputs, and outputs, by the edges they are mapped to.

        Chains of moves are followed. The first output of an op keeps its name: an
        Identity of the new source takes it.
        """
        if not moves:
            return
        sources = {move.node for move in moves}
        for node in list(self.nodes.values()):
            if any(Edge.parse(text).node in sources for text in node.input):
                first = (Edge(name, 0) for name in control_inputs(node))
                waits = [_follow(item, moves).node for item in first]
                data = [_follow(item, moves) for item in data_inputs(node)]
                set_inputs(node, data, waits)
        for position, item in enumerate(self.outputs):
            if item not in moves:
                continue
            source = _follow(item, moves)
            if item.output_index:
                self.outputs[position] = source
            else:
                dtype = self.dtype(source)  # of the op that may have this name now
                self.add(item.node, "Identity", [source]).attr["T"].type = dtype

    def copy_function(self, name: str, made_name: str):
        """Copy a function of the library under another name, and return the copy."""
        body = copied(self.functions[name])
        body.signature.name = made_name
        self.functions[made_name] = body
        return body

    def dtype(self, item: Edge) -> int:
        """The DataType number of a tensor, from its op's definition."""
        return output_types(self.nodes[item.node], self.functions)[item.output_index]


def output_types(node, functions: Mapping[str, Any] = {}) -> list[int]:
    """The DataType numbers of all outputs of a node, from its op's definition."""
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
    """Every node of the graph and of its functions.

    Yields a scope ("" or "function/"), the node, and all nodes of that scope by name.
    """
    for node in editor.nodes.values():
        yield "", node, editor.nodes
    for name, function in editor.functions.items():
        nodes = {node.name: node for node in function.node_def}
        for node in function.node_def:
            yield f"{name}/", node, nodes


def copied(message):
    """A copy of a NodeDef or FunctionDef."""
    made = type(message)()
    made.CopyFrom(message)
    return made


def _follow(item: Edge, moves: Mapping[Edge, Edge]) -> Edge:
    while item in moves:
        item = moves[item]
    return item
