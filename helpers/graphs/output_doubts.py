"""Finds why a possible output must not be taken without being asked for."""

from collections.abc import Iterator
from functools import cached_property

from helpers.graphs.labels import ENTROPIES
from helpers.graphs.network_ends import NetworkEnds
from helpers.graphs.network_uses import ACTIVATIONS
from helpers.graphs.value_origins import computing_op

DECAYS = ("L2Loss", "Square", "Abs")  # of penalties on a network's values


class OutputDoubts:
    """The reasons against taking an op for the output of a graph unasked."""

    def __init__(self, ends: NetworkEnds):
        self.ends, self.uses, self.tails = ends, ends.uses, ends.tails

    def of(self, name: str, twins: list[str]) -> str:
        """The first reason; "" if there is none.

        Args:
          twins: the ops that apply the same weights to other inputs.
        """
        return next(self._reasons(name, twins), "")

    def _reasons(self, name: str, twins: list[str]) -> Iterator[str]:
        ends = self.ends
        if missing := ends.trained - self.uses.of(name).trained:
            yield self._left_out(sorted(missing))
        if twins:
            yield f"it shares its variables with {', '.join(twins[:2])}"
        if ends.weights.is_scalar(name):
            yield "it is one number, as a loss is"
        if name in ends.parts:
            yield "other ops of the network read it"
        if ends.compared:
            compared = ", ".join(ends.compared[:2])
            yield f"it compares outputs of one network: {compared}"
        if len(ends.groups) > 1:
            yield f"the graph trains {len(ends.groups)} parts for losses of their own"
        if mixed := self.uses.of(name).nodes.intersection(ends.mixed):
            yield f"its last layer only mixes the probabilities {min(mixed)}"
        if read := self._read_before(name):
            yield f"the loss reads {read} before it, too"
        if self._has_constant_labels:
            yield "the loss compares its classes with constants, not with labels"
        if name in self.tails.loss:
            yield "it is a part of the loss"
        if self.uses.is_state(name):
            yield "it is the last state of a loop"
        if ends.loss.has_gradients and not self.uses.is_read_by_loss(name):
            yield "the graph trains for a loss that does not read it"
        if combined := ends.combined_with_labels(name):
            yield f"an input joins after it, in {combined}, before the comparison"
        if others := [other for other in ends.names if self._is_other(name, other)]:
            yield f"the loss reads {', '.join(others[:2])}, too"

    def _read_before(self, name: str) -> str:
        """What a loss reads between the last layers and an op; "" if it is the op."""
        ends = self.ends
        nodes = self.uses.of(name).nodes & ends.forward & ends.weights.weighed
        nodes -= self._before_layers
        own = {name, computing_op(ends.wiring, name), self.uses.logits(name)}
        nodes -= own
        for node in ends.wiring.nodes:
            if node in nodes and computing_op(ends.wiring, node) not in own:
                readers = map(ends.wiring.op, self.tails.losses.readers(node))
                if not set(readers) <= {*ACTIVATIONS, *DECAYS}:
                    return node
        return ""

    @cached_property
    def _before_layers(self) -> set[str]:
        """The nodes that an op which applies weights is computed from."""
        data = self.ends.wiring.data
        sources = {source for n in self.ends.weights.applications for source in data[n]}
        return self.ends.wiring.before(sources)

    @cached_property
    def _has_constant_labels(self) -> bool:
        """Whether a cross entropy takes labels that no input gives."""
        loss, wiring = self.ends.loss, self.ends.wiring
        for name, op in wiring.ops.items():
            if op in ENTROPIES and name not in loss.weights.cut:
                text = wiring.nodes[name].input[1]
                before = wiring.before([wiring.source(text)], until=loss.weights.cut)
                if before.isdisjoint(loss.inputs):
                    return True
        return False

    def _left_out(self, missing: list[str]) -> str:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        count = f"{len(missing)} of {len(self.ends.trained)}"
        return f"it leaves out {count} trained variables ({some})"

    def _is_other(self, name: str, other: str) -> bool:
        """Whether another op, which ends the network as well, is no less an output."""
        if other == name or other in self.ends.parts or self.uses.is_state(other):
            return False
        if self.ends.trained and not self.uses.of(other).trained:
            return False
        known = self.tails.loss and not self.uses.is_read_by_loss(other)
        return not known and self.uses.logits(name) != self.uses.logits(other)
