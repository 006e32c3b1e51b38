"""The inputs of a node, parsed from the strings that a NodeDef stores."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """One input of a node: an output of another node, or a control dependency on it."""

    node: str
    output_index: int  # -1 for a control dependency

    @classmethod
    def parse(cls, text: str) -> "Edge":
        """The edge that a NodeDef writes as `name`, `name:1` or `^name`."""
        if text.startswith("^"):
            return cls(text[1:], -1)
        name, _, index = text.partition(":")
        return cls(name, int(index or 0))

    @property
    def control(self) -> bool:
        return self.output_index < 0

    @property
    def tensor(self) -> str:
        """The tensor's name, such as `y_pred:0`."""
        return f"{self.node}:{self.output_index}"

    def __str__(self) -> str:
        """The edge as a NodeDef writes it."""
        if self.control:
            return f"^{self.node}"
        return self.tensor if self.output_index else self.node


def data_inputs(node) -> list[Edge]:
    return [Edge.parse(text) for text in node.input if not text.startswith("^")]


def control_inputs(node) -> list[str]:
    return [text[1:] for text in node.input if text.startswith("^")]


def source_nodes(node) -> list[str]:
    """The names of all nodes that the node has an edge from."""
    return [Edge.parse(text).node for text in node.input]


def set_inputs(node, data: Iterable[Edge | str], control: Iterable[str] = ()) -> None:
    """Replace all inputs of a node.

    TensorFlow requires control inputs to follow the data inputs, without duplicates.
    """
    texts = [str(item) for item in data]
    texts += dict.fromkeys(f"^{name}" for name in control)
    del node.input[:]
    node.input.extend(texts)


def consumers(nodes: Iterable) -> dict[str, list[tuple[Any, Edge]]]:
    """The consumers of each node, by its name: pairs of a node and its input."""
    found: dict[str, list[tuple[Any, Edge]]] = {}
    for node in nodes:
        for item in map(Edge.parse, node.input):
            found.setdefault(item.node, []).append((node, item))
    return found
