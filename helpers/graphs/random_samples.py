"""Finds the values that a graph draws, or adds random numbers to."""

from helpers.graphs.applied_weights import ELEMENTWISE, RANDOM
from helpers.graphs.loss_nodes import LossNodes
from helpers.graphs.traversal import find_reachable


class RandomSamples:
    """The random numbers of a graph that are no data, and what is computed from them.

    Attributes: `noise`, the nodes computed from random numbers and from nothing else.
    """

    def __init__(self, nodes: LossNodes):
        self.wiring, self.weights = nodes.wiring, nodes.weights
        drawn = [name for name, op in self.wiring.ops.items() if RANDOM.fullmatch(op)]
        drawn = [name for name in drawn if name not in nodes.inputs]
        self.noise = self.wiring.after(
            drawn, until=self.weights.cut | self.weights.weighed
        )

    def __contains__(self, name: str) -> bool:
        """Whether an op is computed from random numbers, or adds or scales by them."""
        if self.wiring.op(name) not in ELEMENTWISE:
            return name in self.noise
        found = find_reachable([name], self._elementwise, within=self.wiring.nodes)
        return any(not self.noise.isdisjoint(self.wiring.data[n]) for n in found)

    def _elementwise(self, name: str) -> list[str]:
        """The elementwise ops that an op takes, but for layers."""
        data = self.wiring.data[name]
        data = [n for n in data if n not in self.weights.applications]
        return [n for n in data if self.wiring.op(n) in ELEMENTWISE]
