"""Follow the ops of a batch normalization that is written out.

It divides by the root of a variance, to which a small constant is added, and takes the
mean times the same factor, or the difference from the mean.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from helpers.freezing.analysis.averaged_tensors import SAME_ELEMENTS, variable_of
from helpers.graphs.edges import Edge, consumers, data_inputs

ADDS = ("Add", "AddV2")
ROOTS = ("Rsqrt", "Sqrt", "Pow")
PRODUCTS = ("Mul", "RealDiv", "Div")
FACTORS = (*PRODUCTS, "Reciprocal", "Neg")
STEPS = 4  # between the difference from the mean and the division by the deviation


class BatchNormWiring:
    """The nodes of a graph and the consumers of each.

    Args:
      live: the nodes that inference needs, by name.
    """

    def __init__(self, live: Mapping[str, Any]):
        self.live = live
        self.consumers = consumers(live.values())

    def origin(self, item: Edge) -> Edge:
        """The tensor with the same elements that was computed first."""
        while self.live[item.node].op in SAME_ELEMENTS:
            source = data_inputs(self.live[item.node])[0]
            if source.node not in self.live:
                break
            item = source
        return item

    def variance_under(self, root) -> Edge | None:
        """What a small constant is added to under this root, if it is computed."""
        source = self.origin(data_inputs(root)[0])
        node = self.live[source.node]
        if node.op not in ADDS:
            return None
        origins = [self.origin(item) for item in data_inputs(node)]
        computed = [item for item in origins if self.live[item.node].op != "Const"]
        if len(computed) != 1 or variable_of(self.live, computed[0].node):
            return None
        return computed[0]

    def roots_scaling(self, mean: Edge) -> set[str]:
        """The roots that the mean, or the difference from it, is scaled by."""
        found: set[str] = set()
        for node, item in self._takers(mean):
            if node.op in PRODUCTS:
                found |= self._roots_in(self._other(node, item))
            elif node.op in ("Sub", "SquaredDifference", *ADDS):
                found |= self._roots_after(Edge(node.name, 0))
        return found

    def _roots_after(self, difference: Edge, steps: int = STEPS) -> set[str]:
        found: set[str] = set()
        for node, item in self._takers(difference):
            if node.op in PRODUCTS and steps:
                found |= self._roots_in(self._other(node, item))
                found |= self._roots_after(Edge(node.name, 0), steps - 1)
        return found

    def _roots_in(self, factor: Edge) -> set[str]:
        """The roots that are factors of a tensor."""
        found, ahead = set(), [factor]
        for item in ahead:
            node = self.live[self.origin(item).node]
            if node.op in ROOTS:
                found.add(node.name)
            elif node.op in FACTORS:
                ahead += [source for source in data_inputs(node) if source not in ahead]
        return found

    def _takers(self, item: Edge) -> Iterator[tuple[Any, Edge]]:
        """The ops that compute with a tensor, and the input that they take it by."""
        for node, taken in self.consumers.get(item.node, ()):
            if taken != item:
                continue
            if node.op in SAME_ELEMENTS and data_inputs(node)[0] == item:
                yield from self._takers(Edge(node.name, 0))
                if node.op in ("Switch", "RefSwitch"):
                    yield from self._takers(Edge(node.name, 1))
            elif node.op == "Neg":
                yield from self._takers(Edge(node.name, 0))
            else:
                yield node, taken

    @staticmethod
    def _other(node, item: Edge) -> Edge:
        first, second = data_inputs(node)
        return second if first == item else first
