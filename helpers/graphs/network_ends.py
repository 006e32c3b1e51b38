"""Finds the ops that a network may end with: its last ops, and those of its parts."""

import re
from collections.abc import Iterable

from helpers.graphs.applied_weights import RANDOM
from helpers.graphs.loss_nodes import LossNodes, is_input
from helpers.graphs.network_parts import NetworkParts
from helpers.graphs.network_uses import NetworkUses
from helpers.graphs.op_kinds import DIFFERENCES, SELECTS
from helpers.graphs.tails import Tails
from helpers.graphs.trained_variables import trained_groups
from helpers.graphs.value_origins import computing_op, is_constant
from helpers.graphs.wiring import is_float

OUTPUT_NAMES = re.compile(
    r"y_pred|predict|prob|softmax|output|logits|score|final_result|y_hat"
    r"|(^|/)(y|out|pred|classes|embeddings?)(_?\d+)?$",
    re.I,
)
DEFAULT_NAMES = re.compile(r"(.*/)?Identity(_\d+)?")
COMBINING = ("Mul", "Add", "AddV2", "RealDiv", *SELECTS)
NEVER = ("Switch", "Enter", "RefEnter", "NextIteration", "LoopCond", "Const", "Assert")


class NetworkEnds:
    """The possible outputs of a graph's networks.

    Attributes: `names`, the ops; `parts`, those of them that other ops of the network
    read, each with a factor of its score; `compared`, the ops that a distance or a loss
    without labels compares; `mixed`, probabilities that the last layer mixes;
    `groups`, the variables that each loss trains; `trained`, all of these.
    """

    def __init__(self, loss: LossNodes):
        self.loss, self.wiring, self.weights = loss, loss.wiring, loss.weights
        self.tails = Tails(loss)
        self.groups = trained_groups(loss)
        self.trained: frozenset[str] = frozenset().union(*self.groups)
        self.uses = NetworkUses(self.tails, self.trained)
        self.forward = self._forward()
        last = self._last() or self._totals()
        found = NetworkParts(self.uses, self.groups, self.forward)
        self.compared, self.mixed = found.compared, found.mixed
        self.parts = {
            name: factor
            for name, factor in found.factors.items()
            if name not in last and self._is_possible(name)
        }
        combined = filter(None, map(self.combined_with_labels, last))
        self.parts |= dict.fromkeys(combined, 0.9)
        self.names = self._distinct(dict.fromkeys([*last, *self.parts]))

    def combined_with_labels(self, name: str) -> str:
        """The op that combines it with an input before a loss compares both, or ""."""
        data, weighed = self.wiring.data, self.weights.weighed
        for reader in self.tails.readers(name):
            masked = reader in self.loss.nodes and self.wiring.op(reader) in COMBINING
            pure = [n for n in data[reader] if n in self.loss.labels - weighed]
            if masked and pure and self._is_compared(reader, name):
                return reader
        return ""

    def _is_compared(self, reader: str, name: str) -> bool:
        """Whether the reader is subtracted from values that `name` is not part of."""
        for difference in self.tails.readers(reader):
            others = [n for n in self.wiring.data[difference] if n != reader]
            if self.wiring.op(difference) in DIFFERENCES and not any(
                is_constant(self.wiring, n) or name in self.uses.of(n).nodes
                for n in others
            ):
                return True
        return False

    def _forward(self) -> set[str]:
        """The nodes that may be outputs: computed from inputs, outside all tails."""
        found = self.wiring.after(
            set(self.loss.inputs) - self.loss.labels,
            until=self.weights.cut | self.loss.nodes,
        )
        return found - self.tails.all - set(self.loss.inputs)

    def _last(self) -> list[str]:
        """The forward ops whose results no other forward op reads."""
        last = [
            self._named(name)
            for name in self.wiring.nodes
            if name in self.forward
            and self._is_possible(name)
            and self.forward.isdisjoint(self.tails.readers(name))
        ]
        weighed = [name for name in last if name in self.weights.weighed]
        return weighed or last

    def _is_possible(self, name: str) -> bool:
        op = self.wiring.op(name)
        if op in NEVER or RANDOM.fullmatch(op):
            return False
        return is_float(self.wiring.dtype(name)) and not is_input(self.wiring, name)

    def _totals(self) -> list[str]:
        """The last ops of a graph all of whose last ops are sums or decisions."""
        inside = self.weights.fed & self.weights.weighed - self.loss.training
        return [
            name
            for name in self.wiring.nodes
            if name in inside
            and self._is_possible(name)
            and inside.isdisjoint(self.tails.readers(name))
        ]

    def _named(self, name: str) -> str:
        """The op, or the source of an Identity of default name, if its name fits."""
        data = self.wiring.data[name]
        source = data[0] if DEFAULT_NAMES.fullmatch(name) and data else name
        return source if OUTPUT_NAMES.search(source) else name

    def _distinct(self, names: Iterable[str]) -> list[str]:
        """The names, of ops that compute the same from the same only the best."""
        found: dict[tuple, str] = {}
        for name in names:
            source = computing_op(self.wiring, name, ("Identity",))
            output = source.partition(":")[2]
            key = (self.wiring.op(source), output, *self.wiring.data[source])
            known = found.setdefault(key, name)
            if OUTPUT_NAMES.search(name) and not OUTPUT_NAMES.search(known):
                found[key] = name
        return list(found.values())
