"""Ranks the possible outputs of a graph by scores, each with the reasons for it."""

from collections.abc import Iterator

from helpers.graphs.candidate import Candidate, candidate_of
from helpers.graphs.network_ends import OUTPUT_NAMES, NetworkEnds
from helpers.graphs.network_uses import ACTIVATIONS
from helpers.graphs.output_doubts import OutputDoubts
from helpers.graphs.value_origins import computing_op


class Ranking:
    """The possible outputs of a graph, by how likely they are."""

    def __init__(self, ends: NetworkEnds):
        self.ends, self.uses, self.tails = ends, ends.uses, ends.tails
        self.wiring, self.names = ends.wiring, ends.names
        self.doubts = OutputDoubts(ends)

    def candidates(self) -> list[Candidate]:
        """The outputs, the likeliest first."""
        ranked = [self._ranked(name) for name in self.names]
        ranked.sort(key=lambda found: -found.score)
        return self._ordered(self._without_twice(ranked))

    def _ranked(self, name: str) -> Candidate:
        """The op as a Candidate, with its score and the reasons for it."""
        use, reasons, score = self.uses.of(name), [], 0.0
        kind = self.wiring.op(computing_op(self.wiring, name))
        if kind in ACTIVATIONS:
            reasons.append(f"a {kind}")
            score += ACTIVATIONS[kind]
        if OUTPUT_NAMES.search(name):
            reasons.append("named like an output")
            score += 2
        if self.uses.is_read_by_loss(name):
            reasons.append("the loss or a metric reads it")
            score += 1
        if total := len(self.ends.trained):
            used = len(use.trained)
            reasons.append(f"computed from {used} of {total} variables")
            score += 3 * used / total
        twins = [other for other in self.names if self._is_replica(name, other)]
        if twins:
            reasons.append(f"one of {len(twins) + 1} that share their variables")
            score += 1.5 if not use.is_random else 0
        for factor, why in self._reductions(name, twins):
            reasons.append(why)
            score *= factor
        reason = ", ".join(reasons) or "no other op reads it"
        found = candidate_of(self.wiring, name, reason, round(score, 2))
        return found._replace(doubt=self.doubts.of(name, twins))

    def _reductions(self, name: str, twins: list[str]) -> Iterator[tuple[float, str]]:
        """Factors of the score of an op that is less likely an output, and why."""
        if self.uses.is_state(name):
            yield 0.5, "but only the last state of a loop"
        if critic := self._same_layers_elsewhere(name):
            yield 0.5, f"but only what {critic} says of another part's output"
        if name not in self.ends.compared and not self.uses.of(name).nodes.isdisjoint(
            self.ends.compared
        ):
            yield 0.5, "but it compares outputs of one network"
        if self.ends.weights.is_scalar(name):
            yield 0.3, "but one number for the whole batch"
        if name in self.ends.parts:
            yield self.ends.parts[name], "and other ops of the network read it"
        elif self.tails.loss and not any(
            map(self.uses.is_read_by_loss, [name, *twins])
        ):
            mine = self.uses.of(name).trained
            read = [other for other in self.names if self.uses.is_read_by_loss(other)]
            if any(mine <= self.uses.of(other).trained for other in read):
                yield 0.5, "but no loss reads it"

    def _is_replica(self, name: str, other: str) -> bool:
        """Whether both ops apply the same weights to different inputs, or dropouts."""
        if name == other or self.uses.is_state(name) or self.uses.is_state(other):
            return False
        first, second = self.uses.of(name), self.uses.of(other)
        same = first.weights == second.weights != frozenset()
        layers = self.ends.weights.applications
        apart = same and not (first.nodes ^ second.nodes).isdisjoint(layers)
        return apart and self._is_alike(name, other)

    def _same_layers_elsewhere(self, name: str) -> str:
        """The op whose layers it applies to the output of another part, or "".

        As a critic takes the actions of an actor, and a discriminator generated data.
        """
        use, parts = self.uses.of(name), self.ends.parts.keys() - {name}
        before = [self.uses.of(part).weights for part in parts & use.nodes]
        for other in self.names:
            weights = self.uses.of(other).weights
            if weights < use.weights and self._is_alike(name, other):
                rest = use.weights - weights
                taken = any(rest <= part < use.weights for part in before)
                if taken and self.uses.are_apart([name, other]):
                    return other
        return ""

    def _is_alike(self, name: str, other: str) -> bool:
        """Whether both ops are of one kind, and their examples of one shape."""
        kinds = {self.wiring.op(computing_op(self.wiring, n)) for n in (name, other)}
        shapes = [self.wiring.shape(n) for n in (name, other)]
        return len(kinds) == 1 and len({shape and shape[1:] for shape in shapes}) == 1

    def _without_twice(self, ranked: list[Candidate]) -> list[Candidate]:
        """The candidates, with half the score for a second activation of logits."""
        known: set[str] = set()
        found = []
        for item in ranked:
            logits = self.uses.logits(item.name)
            seen = f"{item.reason}, of the same values as another"
            twice = item._replace(score=round(item.score / 2, 2), reason=seen)
            found.append(twice if logits in known else item)
            known.add(logits)
        return sorted(found, key=lambda item: -item.score)

    def _ordered(self, ranked: list[Candidate]) -> list[Candidate]:
        """The candidates, those first that together need all trained variables."""
        if not ranked:
            return []
        taken, rest = [ranked[0]], ranked[1:]
        covered = set(self.uses.of(ranked[0].name).trained)
        while rest:
            gain = [len(self.uses.of(c.name).trained - covered) for c in rest]
            if not max(gain):
                break
            best = rest.pop(gain.index(max(gain)))
            covered |= self.uses.of(best.name).trained
            taken.append(best._replace(is_head=True))
        return [*taken, *rest]
