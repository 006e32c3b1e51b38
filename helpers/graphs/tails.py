"""Finds the ops after a network's outputs: losses, decisions, samples, updates.

An op belongs to a tail if it computes nothing that a network computes, and all ops that
read it belong to tails.
"""

from helpers.graphs.applied_weights import ELEMENTWISE, REDUCTIONS
from helpers.graphs.loss_nodes import LossNodes
from helpers.graphs.loss_ops import PENALTIES, LossOps
from helpers.graphs.op_kinds import DECISIONS
from helpers.graphs.random_samples import RandomSamples
from helpers.graphs.value_origins import PASSING


class Tails:
    """The ops after the outputs of a network.

    Attributes: `loss`, the ops of losses and metrics; `decisions`, those of decisions
    and random samples; `updates`, those that only updates of variables read.
    """

    def __init__(self, nodes: LossNodes):
        self.nodes, self.wiring, self.weights = nodes, nodes.wiring, nodes.weights
        self.samples = RandomSamples(nodes)
        self.losses = LossOps(nodes)
        self.decisions = self._decisions()
        self.updates: set[str] = set()
        self._grow()

    @property
    def loss(self) -> set[str]:
        return self.losses.found

    @property
    def all(self) -> set[str]:
        return self.loss | self.decisions | self.updates

    def readers(self, name: str) -> list[str]:
        """The ops that read a node's value, without its shape, and not for training."""
        cut = self.weights.cut
        return [n for n in self.wiring.consumers.get(name, ()) if n not in cut]

    def _decisions(self) -> set[str]:
        """Decisions, and what is computed from them alone, without other weights."""
        wiring = self.wiring
        found: set[str] = set()
        ahead = [
            name
            for name, op in wiring.ops.items()
            if op in DECISIONS and name in self.weights.fed & self.weights.weighed
        ]
        while ahead:
            name = ahead.pop()
            if name in found or name in self.weights.cut or name in self.loss:
                continue
            data = self.weights.weighed.intersection(wiring.data[name])
            decided = wiring.op(name) in DECISIONS or data <= found
            if decided and name not in self.weights.applications:
                found.add(name)
                ahead += wiring.consumers.get(name, ())
        return found

    def _grow(self) -> None:
        """Add ops to the tails until all ops that belong to them are found."""
        inside = self.weights.fed & self.weights.weighed - self.nodes.training
        ahead = [name for name in self.wiring.nodes if name in inside]
        while ahead:
            name = ahead.pop()
            tail = None if self.has(name) else self._tail_of(name)
            if tail is not None:
                tail.add(name)
                sources = [n for n in self.wiring.data[name] if n in inside]
                beside = [n for source in sources for n in self.readers(source)]
                ahead += [*sources, *(n for n in beside if n in inside)]

    def has(self, name: str) -> bool:
        """Whether an op belongs to any of the tails."""
        return name in self.loss or name in self.decisions or name in self.updates

    def _tail_of(self, name: str) -> set[str] | LossOps | None:
        """The tail that an op belongs to; None: it may be an output."""
        readers, op = self.readers(name), self.wiring.op(name)
        if name in self.weights.applications:
            return None
        if not readers:
            if self._is_update(name):
                return self.updates
            if name in self.samples or self._is_only_shown(name):
                return self.decisions
            return self.losses if self.losses.includes_last(name) else None
        if all(reader in self.updates for reader in readers) and self._is_update(name):
            return self.updates
        others = [reader for reader in readers if reader not in self.decisions]
        if not others:
            decided = name in self.samples or op in ("Cast", "Floor")
            decided = decided or self._is_scaled_loss_input(name)
            return self.decisions if decided else None
        if self.loss.issuperset(others):
            return self.losses if self.losses.includes(name, others) else None
        mixed = all(self.has(reader) for reader in readers)
        return self.losses if mixed and self.losses.is_total(name) else None

    def _is_only_shown(self, name: str) -> bool:
        """Whether only summaries take a value, which a loss reads before it is scaled.

        As pictures are clipped to their range for a summary.
        """
        takers = map(self.wiring.op, self.wiring.consumers.get(name, ()))
        shown = {taker.endswith("Summary") for taker in takers} == {True}
        return shown and self._is_scaled_loss_input(name)

    def _is_scaled_loss_input(self, name: str) -> bool:
        """Whether an op only scales what a loss reads itself, by constants."""
        while self.wiring.op(name) in (*ELEMENTWISE, *PASSING):
            values = self.weights.weighed.intersection(self.wiring.data[name])
            if len(values) != 1 or name in self.weights.applications:
                return False
            (name,) = values
            if self.losses.readers(name):
                return True
        return False

    def _is_update(self, name: str) -> bool:
        """Whether only assignments read a value that no network would end with."""
        takers = self.wiring.consumers.get(name, ())
        assigned = bool(takers) and all(
            "Assign" in self.wiring.op(taker)
            or "Scatter" in self.wiring.op(taker)
            or taker in self.updates
            or taker in self.nodes.shapes
            for taker in takers
        )
        simple = (*ELEMENTWISE, *PASSING, *REDUCTIONS, *PENALTIES, "Rsqrt", "Sqrt")
        return assigned and self.wiring.op(name) in simple
