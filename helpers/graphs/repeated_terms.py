"""Finds ops of a loss by what else the loss reads of the values that they take."""

from helpers.graphs.applied_weights import constant_axes, is_reduced
from helpers.graphs.loss_nodes import LossNodes
from helpers.graphs.op_kinds import DECISIONS, DIFFERENCES, SELECTS
from helpers.graphs.value_origins import is_constant

PENALTIES = ("Log", "Log1p", "Neg", "L2Loss", "Square", "Pow", "SquaredDifference")
SUMS = ("Add", "AddV2", "AddN")
SLICES = ("StridedSlice", "Slice")


class RepeatedTerms:
    """The ops that take values which a loss reads elsewhere, too.

    Args:
      found: the ops of losses, as far as they are known; others add to it.
    """

    def __init__(self, nodes: LossNodes, found: set[str]):
        self.nodes, self.wiring, self.weights = nodes, nodes.wiring, nodes.weights
        self.found = found

    def readers(self, name: str) -> set[str]:
        """The ops of losses that read a node."""
        return self.found.intersection(self.wiring.consumers.get(name, ()))

    def includes(self, name: str) -> bool:
        """Whether an op that only a loss reads repeats a term of it."""
        return (
            self._selects_by_itself(name)
            or self._sums_factor(name)
            or self._flattens(name)
            or self._is_rest(name)
        )

    def _sums_factor(self, name: str) -> bool:
        """Whether an op sums a factor of a product that the loss sums over these axes.

        The Dice loss does this: 1 - 2 sum(a * b) / (sum(a) + sum(b)).
        """
        if not is_reduced(self.wiring, name):
            return False
        op, axes = self.wiring.op(name), constant_axes(self.wiring, name)
        source = self.wiring.data[name][0]
        while self.wiring.op(source) in (*PENALTIES, "Mul", "Sub") and (
            len(weighed := self.weights.weighed.intersection(self.wiring.data[source]))
            == 1
        ):
            (source,) = weighed
        products = [n for n in self.readers(source) if self.wiring.op(n) == "Mul"]
        return any(
            reader != name
            and self.wiring.op(reader) == op
            and constant_axes(self.wiring, reader) == axes
            for product in products
            for reader in self.readers(product)
        )

    def _is_rest(self, name: str) -> bool:
        """Whether an op is 1 - p, or 1 + p, of what a loss reads itself."""
        if self.wiring.op(name) not in ("Sub", *SUMS):
            return False
        first, *others = self.wiring.data[name]
        readers = {n for other in others for n in self.readers(other)} - {name}
        return bool(readers) and is_constant(self.wiring, first)

    def _flattens(self, name: str) -> bool:
        """Whether an op reshapes pictures to a list of pixels, like their labels."""
        sizes = constant_axes(self.wiring, name)
        if self.wiring.op(name) != "Reshape" or not sizes or sizes[0] != -1:
            return False
        shape = self.wiring.shape(self.wiring.data[name][0])
        if shape is not None and len(shape) <= max(2, len(sizes)):
            return False
        if len(sizes) == 1 and shape is not None:
            return True
        return len(sizes) <= 2 and any(
            self.wiring.op(n) == "Reshape" and constant_axes(self.wiring, n) == sizes
            for n in self.nodes.nodes
        )

    def is_slice_of_difference(self, name: str, readers: list[str]) -> bool:
        """Whether an op's slice is compared with others of the same tensor."""
        source = self.wiring.data[name][0]
        return all(
            self.wiring.op(reader) in DIFFERENCES
            and all(
                self.wiring.op(side) in SLICES and self.wiring.data[side][0] == source
                for side in self.wiring.data[reader]
            )
            for reader in readers
        )

    def _selects_by_itself(self, name: str) -> bool:
        """Whether an op selects by the sign of a value that a loss reads elsewhere."""
        if self.wiring.op(name) not in SELECTS:
            return False
        condition, *values = self.wiring.data[name]
        if self.wiring.op(condition) not in DECISIONS:
            return False
        compared = self.wiring.data[condition]
        readers = {n for source in compared for n in self.readers(source)} - {name}
        negated = {n for v in values for n in self.wiring.data[v]} | set(values)
        return bool(readers) and not negated.isdisjoint(compared)
