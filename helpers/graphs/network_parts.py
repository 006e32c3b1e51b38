"""Finds the parts of a graph that are networks themselves, though others read them."""

from helpers.graphs.network_uses import ACTIVATIONS, NetworkUses
from helpers.graphs.tails import PASSING
from helpers.graphs.trained_variables import updates

JOINING = (*PASSING, "ConcatV2", "Concat", "Pack")
COMPARING = ("Sub", "SquaredDifference", "Mul", "BatchMatMul", "BatchMatMulV2")


class NetworkParts:
    """The ends of parts: what each loss trains, both sides of a comparison, layers.

    Attributes: `compared`, the ops that a distance or a loss without labels compares;
    `factors`, the factor of the score of each part's last op.
    """

    def __init__(
        self, uses: NetworkUses, groups: list[set[str]], forward: set[str]
    ) -> None:
        self.uses, self.groups, self.forward = uses, groups, forward
        self.tails, self.wiring, self.weights = uses.tails, uses.wiring, uses.weights
        self.compared = self._compared()
        scopes, factor = self._ends_of_scopes()
        self.factors: dict[str, float] = {
            **dict.fromkeys(self._last_layers(), 0.45),
            **dict.fromkeys(self.compared, 0.9),
            **dict.fromkeys(scopes, factor),
            **dict.fromkeys(self._ends_of_groups(), 2.0),
        }

    def _last_layers(self) -> list[str]:
        """The ops that apply weights, and that no other op of this kind depends on."""
        applied = self.weights.applications
        sources = {source for name in applied for source in self.wiring.data[name]}
        before = self.wiring.before(sources, until=self.weights.cut)
        return [name for name in applied if name not in before and name in self.forward]

    def _ends_of_groups(self) -> list[str]:
        """The last ops that the variables which one loss trains compute alone."""
        found = []
        for group in self.groups if len(self.groups) > 1 else ():
            others = self.wiring.after(
                self.uses.trained - group, until=self.weights.cut
            )
            own = self.wiring.after(group, until=self.weights.cut) - others
            inside = own & self.forward
            found += [
                part
                for name in self.wiring.nodes
                if name in inside and own.isdisjoint(self.tails.readers(name))
                for part in self._joined(name)
            ]
        return found

    def _joined(self, name: str) -> list[str]:
        """The op, or those that it only joins: `concat([state, action])`."""
        if self.wiring.op(name) not in JOINING:
            return [name]
        data = self.weights.weighed.intersection(self.wiring.data[name])
        return [part for source in sorted(data) for part in self._joined(source)]

    def _ends_of_scopes(self) -> tuple[list[str], float]:
        """Activations that end a scope, if no optimizer tells the parts; a factor."""
        if updates(self.tails.nodes):
            return [], 1.0
        found = [
            name
            for name, op in self.wiring.ops.items()
            if op in ACTIVATIONS and name in self.forward and self._ends_scope(name)
        ]
        return found, 0.9 if self.tails.nodes.has_gradients else 0.4

    def _ends_scope(self, name: str) -> bool:
        """Whether all consumers are in other scopes, and compute something."""
        scope = name.partition("/")[0]
        return all(
            not reader.startswith(f"{scope}/") and self.wiring.op(reader) not in PASSING
            for reader in self.tails.readers(name)
        )

    def _compared(self) -> list[str]:
        """Network outputs that a loss without labels, or a distance, compares."""
        found = []
        inside = self.weights.fed & self.weights.weighed
        inside -= self.wiring.before(self.weights.applications)
        for name in self.wiring.nodes:
            if name not in inside:
                continue
            data = self.wiring.data[name]
            if len(data) < 2 or self.wiring.op(name) not in COMPARING:
                continue
            sides = [source for source in data if source in self.forward]
            uses = [self.uses.of(source) for source in sides]
            if len(uses) == 2 and uses[0].weights == uses[1].weights != frozenset():
                found += sides if self.uses.are_apart(sides) else []
        return found
