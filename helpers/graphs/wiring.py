"""The nodes of a graph and the edges between them, without a session."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

import tensorflow as tf

from helpers.graphs.op_kinds import VARIABLE_OPS
from helpers.graphs.traversal import find_reachable

VARIABLES = (*VARIABLE_OPS, "AutoReloadVariable")
REFERENCES = 100  # types from this number on are those of references
PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
# Before this GraphDef version a placeholder's unknown shape was stored as a scalar's.
PLACEHOLDER_SHAPES = 24
TYPE_LISTS = ("component_types", "output_types", "Tdense", "OUT_TYPE", "Tout", "T")


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
            data = (self.source(text) for text in inputs if text[0] != "^")
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

    def source(self, text: str) -> str:
        """The name of the node that an input, as a NodeDef writes it, comes from."""
        return text.split(":")[0]

    def dtype(self, name: str) -> tf.DType | None:
        """The type of an op's first output, from its attributes; None: unknown."""
        attributes = self.nodes[name].attr
        for key in ("dtype", "T", "DstT", "out_type", "Tparams"):
            if key in attributes and attributes[key].type:
                return type_of(attributes[key].type)
        for key in TYPE_LISTS:
            if key in attributes and attributes[key].list.type:
                return type_of(attributes[key].list.type[0])
        return None

    @cached_property
    def ops(self) -> dict[str, str]:
        """The op of every node; reading it from the messages each time is slow."""
        return {name: node.op for name, node in self.nodes.items()}

    def variables(self) -> list[str]:
        return [name for name, op in self.ops.items() if op in VARIABLES]

    def shape(self, name: str) -> tuple[int | None, ...] | None:
        """The shape of an op's first output, from its attributes; None: unknown."""
        return stated_shape(self.nodes[name], self.producer)

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


def stated_shape(node, producer: int) -> tuple[int | None, ...] | None:
    """The shape that a node's attributes state for its first output; None: unknown.

    Args:
      producer: the version of the node's GraphDef.
    """
    stated = node.attr["shape"].shape if "shape" in node.attr else None
    if stated and (stated.dim or stated.unknown_rank):
        return sizes_of(stated)
    if "_output_shapes" in node.attr and (
        hints := node.attr["_output_shapes"].list.shape
    ):
        return sizes_of(hints[0])
    if stated is None or producer < PLACEHOLDER_SHAPES:
        return None
    return ()


def type_of(number: int) -> tf.DType | None:
    """The type with this DataType number; None: there is none (a damaged graph)."""
    try:
        return tf.dtypes.as_dtype(number)
    except TypeError:
        return None


def is_type(number: int) -> bool:
    """Whether tensors may be of the type with this DataType number."""
    return number < REFERENCES and type_of(number) is not None


def is_float(dtype: tf.DType | None) -> bool:
    return dtype is not None and dtype.base_dtype.is_floating


def sizes_of(shape) -> tuple[int | None, ...] | None:
    """The sizes of a TensorShapeProto; None where the rank is not known."""
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
