"""The nodes of a graph and the edges between them, without a session."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

import tensorflow as tf

from helpers.graphs.traversal import find_reachable

VARIABLES = ("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable")
PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
# Before this GraphDef version a placeholder's unknown shape was stored as a scalar's.
PLACEHOLDER_SHAPES = 24


class Wiring:
    """The edges of a GraphDef, by node name.

    `data` and `control` hold the names of each node's data and control inputs.
    """

    def __init__(self, graph_def):
        self.producer = graph_def.versions.producer
        self.nodes = {node.name: node for node in graph_def.node}
        self.data: dict[str, list[str]] = {}
        self.control: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            inputs = list(node.input)
            data = (text.split(":")[0] for text in inputs if text[0] != "^")
            self.data[name] = list(dict.fromkeys(data))
            self.control[name] = [text[1:] for text in inputs if text[0] == "^"]

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """The names of the nodes that read each node's tensors."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, sources in self.data.items():
            for source in sources:
                found[source].append(name)
        return found

    def op(self, name: str) -> str:
        return self.ops[name]

    @cached_property
    def ops(self) -> dict[str, str]:
        """The op of every node; reading it from the messages each time is slow."""
        return {name: node.op for name, node in self.nodes.items()}

    def variables(self) -> list[str]:
        return [name for name, op in self.ops.items() if op in VARIABLES]

    def shape(self, name: str) -> tuple[int | None, ...] | None:
        """The shape of an op's first output, from its attributes; None: unknown."""
        attributes = self.nodes[name].attr
        stated = attributes["shape"].shape if "shape" in attributes else None
        if stated and (stated.dim or stated.unknown_rank):
            return _sizes(stated)
        if "_output_shapes" in attributes and (
            hints := attributes["_output_shapes"].list.shape
        ):
            return _sizes(hints[0])
        if stated is None or self.producer < PLACEHOLDER_SHAPES:
            return None
        return ()

    def before(
        self, names: Iterable[str], *, until=frozenset(), control: bool = False
    ) -> set[str]:
        """The nodes and all that they are computed from.

        Args:
          until: nodes that are left out, with what only they lead to.
          control: whether to follow control inputs, too.
        """

        def sources(name: str) -> list[str]:
            return self.data[name] + (self.control[name] if control else [])

        return set(find_reachable(names, sources, within=self.nodes.keys() - until))

    def after(self, names: Iterable[str], *, until=frozenset()) -> set[str]:
        """The nodes and all that is computed from them, without those in `until`."""
        consumers, within = self.consumers, self.nodes.keys() - until
        found = find_reachable(names, lambda n: consumers.get(n, ()), within=within)
        return set(found)


def type_of(number: int) -> tf.DType | None:
    """The type with this DataType number; None: there is none (a damaged graph)."""
    try:
        return tf.dtypes.as_dtype(number)
    except TypeError:
        return None


def _sizes(shape) -> tuple[int | None, ...] | None:
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
