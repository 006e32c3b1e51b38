"""Finds the ends of layers: what networks compute before others go on with it."""

from collections.abc import Iterable
from functools import cached_property

from helpers.graphs.applied_weights import APPLYING, ELEMENTWISE
from helpers.graphs.network_uses import NetworkUses
from helpers.graphs.value_origins import PASSING, computing_op, is_constant

SLICING = ("StridedSlice", "Slice", "Split", "SplitV", "Unpack", "GatherV2")


class LayerEnds:
    """The ends of layers and of networks that the ops of a graph read on.

    Args:
      forward: the nodes that may be outputs.
    """

    def __init__(self, uses: NetworkUses, forward: set[str]):
        self.uses, self.forward = uses, forward
        self.tails, self.wiring, self.weights = uses.tails, uses.wiring, uses.weights
        self._layers: dict[str, tuple[str, frozenset[str]]] = {}

    @cached_property
    def last_layers(self) -> list[str]:
        """The ops that apply weights, and that no other op of this kind depends on."""
        return self._last_of(self.weights.applications)

    def before_sums_of_weights(self) -> list[str]:
        """The ends of last layers after which weights are only added, as in a CRF."""
        applied = self.weights.applications
        found = self._last_of(
            [n for n in applied if APPLYING.fullmatch(self.wiring.op(n))]
        )
        return [self._passed(name) for name in found if name not in self.last_layers]

    def mixed(self) -> list[str]:
        """Probabilities that the last layer multiplies by a matrix of weights."""
        sources = [self.wiring.data[name][0] for name in self.last_layers]
        origins = [computing_op(self.wiring, source) for source in sources]
        return [name for name in origins if self.wiring.op(name) == "Softmax"]

    def sliced(self) -> list[str]:
        """The values after the last layers of which only slices are read."""
        inside = (self.forward & self.weights.weighed) - self.weights.before_last
        found = []
        for name in [*self.last_layers, *self.wiring.nodes]:
            readers = self.tails.readers(name) if name in self.forward else []
            is_end = name in inside or name in self.last_layers
            slices = [n for n in readers if self.wiring.op(n) in SLICING]
            if is_end and len(slices) > 1 and slices == readers:
                found.append(name)
        return list(dict.fromkeys(found))

    def composed(self) -> list[str]:
        """The ends of networks that a graph also composes: g(x), beside g(f(x))."""
        found, wiring = [], self.wiring
        for end in self.wiring.nodes:
            is_last = end in self.forward and self.forward.isdisjoint(
                self.tails.readers(end)
            )
            steps = self._steps_from_layer(end) if is_last else []
            for other in self.weights.applications if steps else ():
                if (
                    self._layer(other) == self._layer(steps[0])
                    and self.uses.of(other).weights < self.uses.of(steps[0]).weights
                ):
                    found += self._along(other, [wiring.op(n) for n in steps[1:]])
        return found

    def before_fixed_network(self) -> list[str]:
        """The ends of all that is trained, before layers that are not trained."""
        trained = self.uses.trained
        fixed = [n for n in self.weights.applications if self._is_fixed(n, trained)]
        if not fixed:
            return []
        cut = self.weights.cut
        inside = self.wiring.after(trained, until=cut)
        inside -= self.wiring.after(fixed, until=cut)
        ends = [
            name
            for name in self.wiring.nodes
            if name in inside
            and name in self.forward
            and inside.isdisjoint(readers := self.tails.readers(name))
            and not all(map(self.tails.has, readers))
            and self.uses.of(name).trained == trained
        ]
        return [part for name in ends for part in self._before_scaling(name)]

    def _last_of(self, layers: Iterable[str]) -> list[str]:
        sources = {source for name in layers for source in self.wiring.data[name]}
        before = self.wiring.before(sources, until=self.weights.cut)
        return [name for name in layers if name not in before and name in self.forward]

    def _passed(self, name: str) -> str:
        """The last op that only passes on what this one computes."""
        while len(readers := self.tails.readers(name)) == 1:
            if self.wiring.op(readers[0]) not in PASSING:
                break
            (name,) = readers
        return name

    def _steps_from_layer(self, name: str) -> list[str]:
        """The last op before it that applies weights, and the ops from there to it."""
        steps = [name]
        while steps[0] not in self.weights.applications:
            data = self.weights.weighed.intersection(self.wiring.data[steps[0]])
            if len(data) != 1:
                return []
            steps.insert(0, *data)
        return steps

    def _layer(self, name: str) -> tuple[str, frozenset[str]]:
        """The kind of an op, and the weights that it applies itself."""
        if name not in self._layers:
            pure = self.weights.pure.intersection(self.wiring.data[name])
            weights = self.wiring.before(pure) & self.weights.weights
            self._layers[name] = self.wiring.op(name), frozenset(weights)
        return self._layers[name]

    def _along(self, name: str, ops: list[str]) -> list[str]:
        """The end of these ops after another, if they are there."""
        for op in ops:
            following = [n for n in self.tails.readers(name) if self.wiring.op(n) == op]
            if not following:
                return []
            name = following[0]
        return [name]

    def _is_fixed(self, name: str, trained: frozenset[str]) -> bool:
        """Whether a layer applies variables none of which is trained."""
        if not APPLYING.fullmatch(self.wiring.op(name)):
            return False
        _, weights = self._layer(name)
        return bool(weights) and weights.isdisjoint(trained)

    def _before_scaling(self, name: str) -> list[str]:
        """The op, and before it the values that it and others scale by constants."""
        found = [name]
        while self.wiring.op(found[0]) in ELEMENTWISE:
            data = self.wiring.data[found[0]]
            values = [n for n in data if not is_constant(self.wiring, n)]
            if len(values) != 1 or len(data) == 1:
                break
            found.insert(0, values[0])
        return found
