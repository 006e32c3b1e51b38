"""The bodies of a graph: its own nodes, and those of each function in its library."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from helpers.graphs.traversal import find_reachable
from helpers.graphs.wiring import PLACEHOLDERS


class Body:
    """The nodes of a graph or of one of its functions.

    Attributes:
      function: the function's name; "" for the graph.
      nodes: the nodes.
    """

    def __init__(self, function: str, nodes):
        self.function, self.nodes = function, nodes

    def path(self, node) -> str:
        """The node's name: "function/node" in a function."""
        return f"{self.function}/{node.name}" if self.function else node.name

    @cached_property
    def by_name(self) -> dict:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def fed(self) -> dict[str, None]:
        """What is computed from a placeholder, or from an argument of the function."""
        consumers: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes:
            for name in sources(node):
                consumers[name].append(node.name)
        fed = [name for name in consumers if name not in self.by_name]
        fed += [node.name for node in self.nodes if node.op in PLACEHOLDERS]
        names = self.by_name.keys() | set(fed)
        return find_reachable(fed, lambda name: consumers[name], within=names)


def bodies(graph_def) -> Iterator[Body]:
    """The body of the graph, then that of each function."""
    yield Body("", graph_def.node)
    yield from function_bodies(graph_def)


def function_bodies(graph_def) -> Iterator[Body]:
    """The body of each function in the graph's library."""
    for function in graph_def.library.function:
        yield Body(function.signature.name, function.node_def)


def called_bodies(graph_def) -> Iterator[Body]:
    """The body of the graph, then those of the functions that a run of it may run.

    TensorFlow calls a function's gradient by the library's list, and may replace a
    function by another that implements the same.
    """
    own, library = Body("", graph_def.node), graph_def.library
    functions = {body.function: body for body in function_bodies(graph_def)}
    gradients = {pair.function_name: pair.gradient_func for pair in library.gradient}

    def callees(body: Body) -> list[str]:
        called = [f for node in body.nodes for f in called_functions(node, functions)]
        return called + [gradients[name] for name in called if name in gradients]

    start = callees(own)
    start += [f.signature.name for f in library.function if "api_implements" in f.attr]
    yield own
    for name in find_reachable(
        start, lambda name: callees(functions[name]), within=functions
    ):
        yield functions[name]


def sources(node, first: int = 0, last: int | None = None) -> list[str]:
    """The names of the ops that data inputs of a node come from."""
    inputs = [name for name in node.input if not name.startswith("^")]
    return [name.split(":")[0] for name in inputs[first:last]]


def called_functions(node, functions) -> list[str]:
    """The functions, of those in `functions`, that the node calls or names."""
    return [name for name in (node.op, *functions_in(node)) if name in functions]


def functions_in(node) -> list[str]:
    """The functions that a node's attributes name."""
    names = []
    for value in node.attr.values():
        if value.HasField("func"):
            names.append(value.func.name)
        names += [func.name for func in value.list.func]
    return names
