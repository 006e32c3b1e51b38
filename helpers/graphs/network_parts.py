"""Finds the parts of a graph that are networks themselves, though others read them."""

from helpers.graphs.comparisons import Comparisons
from helpers.graphs.layer_ends import LayerEnds
from helpers.graphs.network_uses import ACTIVATIONS, NetworkUses
from helpers.graphs.trained_variables import updates
from helpers.graphs.value_origins import PASSING

JOINING = (*PASSING, "ConcatV2", "Concat", "Pack")


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
        ends = LayerEnds(uses, forward)
        self.compared = Comparisons(uses, forward).sides()
        self.mixed = ends.mixed()
        fixed = ends.before_fixed_network() if len(groups) == 1 else []
        scopes, factor = self._ends_of_scopes()
        self.factors: dict[str, float] = {
            **dict.fromkeys(ends.last_layers, 0.45),
            **dict.fromkeys(ends.before_sums_of_weights(), 0.9),
            **dict.fromkeys(self.mixed, 0.9),
            **dict.fromkeys(ends.sliced(), 1.3),
            **dict.fromkeys(self._compared_with_labels(), 0.9),
            **dict.fromkeys(self.compared, 0.9),
            **dict.fromkeys(scopes, factor),
            **dict.fromkeys(fixed, 0.9),
            **dict.fromkeys(self._ends_of_groups(), 2.0),
            **dict.fromkeys(ends.composed(), 2.0),
        }

    def _compared_with_labels(self) -> list[str]:
        """The ops that a loss combines with labels, as it does with tags and paths."""
        labelled = self.tails.nodes.nodes
        return [
            name
            for name in self.wiring.nodes
            if name in self.forward
            and name in self.weights.weighed
            and not labelled.isdisjoint(self.tails.readers(name))
        ]

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
        """The op, or those that it only joins, as `concat` does, or adds noise to."""
        if self.wiring.op(name) not in JOINING and name not in self.tails.samples:
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
