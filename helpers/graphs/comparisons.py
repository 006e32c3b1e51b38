"""Finds outputs of a network that it or its loss compares with each other."""

from helpers.graphs.applied_weights import constant_axes
from helpers.graphs.layer_ends import SLICING
from helpers.graphs.network_uses import NetworkUses

COMPARING = ("Sub", "SquaredDifference", "Mul", "BatchMatMul", "BatchMatMulV2")


class Comparisons:
    """The comparisons after the last layers of a graph.

    Args:
      forward: the nodes that may be outputs.
    """

    def __init__(self, uses: NetworkUses, forward: set[str]):
        self.uses, self.forward = uses, forward
        self.tails, self.wiring, self.weights = uses.tails, uses.wiring, uses.weights

    def sides(self) -> list[str]:
        """Network outputs that a loss without labels, or a distance, compares.

        Both belong to the same network, or to different examples of a batch.
        """
        found = []
        inside = self.weights.fed & self.weights.weighed - self.weights.before_last
        for name in self.wiring.nodes:
            if name not in inside:
                continue
            data = self.wiring.data[name]
            sides = [source for source in data if source in self.forward]
            if not self.tails.has(name) and self._mixes_examples(name):
                found += sides
            if len(data) < 2 or self.wiring.op(name) not in COMPARING:
                continue
            if len(sides) == 2 and self._are_copies(sides):
                found += sides
        return list(dict.fromkeys(found))

    def _mixes_examples(self, name: str) -> bool:
        """Whether an op sums over a batch, or multiplies the examples of a batch."""
        op, data = self.wiring.op(name), self.wiring.data[name]
        if self.tails.losses.is_total(name):
            return not self.forward.isdisjoint(self.tails.readers(name))
        if op == "Cumsum":
            return constant_axes(self.wiring, name) == [0]
        is_product = op == "MatMul" and self.wiring.nodes[name].attr["transpose_b"].b
        return is_product and all(
            n in self.weights.weighed and n in self.weights.fed for n in data
        )

    def _are_copies(self, sides: list[str]) -> bool:
        """Whether layers of the same weights, or slices of one layer, give both."""
        first, second = map(self.uses.of, sides)
        if not first.weights or first.weights != second.weights:
            return False
        apart = first.nodes ^ second.nodes
        sliced = any(self.wiring.op(name) in SLICING for name in apart)
        applied = not apart.isdisjoint(self.weights.applications)
        return (sliced or applied) and self.uses.are_apart(sides)
