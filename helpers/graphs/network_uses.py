"""What the ops of a network are computed from, and what reads them."""

from typing import NamedTuple

from helpers.graphs.applied_weights import RANDOM
from helpers.graphs.tails import Tails
from helpers.graphs.traversal import find_reachable
from helpers.graphs.value_origins import computing_op

ACTIVATIONS = {"Softmax": 3, "Sigmoid": 3, "LogSoftmax": 2, "Tanh": 1}  # op -> score


class Use(NamedTuple):
    """What an op is computed from."""

    nodes: set[str]
    weights: frozenset[str]
    trained: frozenset[str]
    is_random: bool


class NetworkUses:
    """Which weights and layers each op depends on."""

    def __init__(self, tails: Tails, trained: frozenset[str]):
        self.tails, self.trained = tails, trained
        self.wiring, self.weights = tails.wiring, tails.weights
        self._uses: dict[str, Use] = {}

    def of(self, name: str) -> Use:
        if name not in self._uses:
            before = self.wiring.before([name], until=self.tails.nodes.training)
            weights = frozenset(self.weights.weights & before)
            ops = {self.wiring.op(node) for node in before}
            drawn = any(map(RANDOM.fullmatch, ops))
            self._uses[name] = Use(before, weights, weights & self.trained, drawn)
        return self._uses[name]

    def are_apart(self, names: list[str]) -> bool:
        """Whether neither of two nodes is computed from the other."""
        first, second = names
        return first not in self.of(second).nodes and second not in self.of(first).nodes

    def is_state(self, name: str) -> bool:
        """Whether a loop computes the value, without layers after it."""
        op = self.wiring.op(computing_op(self.wiring, name))
        return op == "Exit" or op.endswith("While")

    def is_read_by_loss(self, name: str) -> bool:
        """Whether a loss reads the op, or a value between it and the last layer."""
        layers = self.weights.applications
        found = find_reachable(
            [name],
            lambda n: () if n in layers else self.wiring.data[n],
            within=self.weights.fed & self.weights.weighed,
        )
        readers = {r for n in found for r in self.wiring.consumers.get(n, ())}
        for reader in list(readers):
            if self.wiring.op(reader) in ACTIVATIONS:  # of the same logits
                readers.update(self.wiring.consumers.get(reader, ()))
        return not self.tails.loss.isdisjoint(readers)

    def logits(self, name: str) -> str:
        """What an activation is computed from, else the op itself."""
        source = computing_op(self.wiring, name)
        if self.wiring.op(source) in ACTIVATIONS:
            source = computing_op(self.wiring, self.wiring.data[source][0])
        return source
