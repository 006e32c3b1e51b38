"""A graph's nodes and who feeds whom, followed without a session."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property

VARIABLES = ("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable")


class Wiring:
    """The edges of a GraphDef, by node name."""

    def __init__(self, graph_def):
        self.nodes = {node.name: node for node in graph_def.node}
        self.data, self.control = {}, {}  # name -> the names it takes in
        for name, node in self.nodes.items():
            inputs = list(node.input)
            data = (text.split(":")[0] for text in inputs if text[0] != "^")
            self.data[name] = list(dict.fromkeys(data))
            self.control[name] = [text[1:] for text in inputs if text[0] == "^"]

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Who takes a node's tensors in."""
        found = defaultdict(list)
        for name, sources in self.data.items():
            for source in sources:
                found[source].append(name)
        return found

    def op(self, name: str) -> str:
        return self.nodes[name].op

    def variables(self) -> list[str]:
        return [name for name, node in self.nodes.items() if node.op in VARIABLES]

    def before(
        self, names: Iterable[str], *, until=frozenset(), control: bool = False
    ) -> set[str]:
        """The nodes and all that they are computed from; `until` are left out."""

        def sources(name: str) -> list[str]:
            return self.data[name] + (self.control[name] if control else [])

        return self._reached(names, sources, until)

    def after(self, names: Iterable[str], *, until=frozenset()) -> set[str]:
        """The nodes and all that is computed from them; `until` are left out."""
        return self._reached(names, lambda name: self.consumers.get(name, ()), until)

    def _reached(self, names: Iterable[str], steps: Callable, until) -> set[str]:
        seen, ahead = set(), list(names)
        while ahead:
            name = ahead.pop()
            if name not in seen and name not in until and name in self.nodes:
                seen.add(name)
                ahead += steps(name)
        return seen


def shape_in(node) -> tuple[int | None, ...] | None:
    """The shape that a placeholder, variable or hint states; None where unknown."""
    if "shape" in node.attr:
        shape = node.attr["shape"].shape
    elif "_output_shapes" in node.attr and node.attr["_output_shapes"].list.shape:
        shape = node.attr["_output_shapes"].list.shape[0]
    else:
        return None
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
