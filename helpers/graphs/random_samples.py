"""Finds the values that a graph draws, or adds random numbers to."""

from helpers.graphs.applied_weights import ELEMENTWISE, RANDOM
from helpers.graphs.loss_nodes import LossNodes


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
        """Whether an op adds random numbers to a value, or scales it by them."""
        if self.wiring.op(name) not in ELEMENTWISE:
            return name in self.noise
        data = self.wiring.data[name]
        if not self.noise.isdisjoint(data):
            return True
        inner = [n for n in data if n not in self.weights.applications]
        return any(self.wiring.op(n) in ELEMENTWISE and n in self for n in inner)
