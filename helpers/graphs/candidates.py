"""Guesses a graph's inputs and outputs, and gives the reasons.

Loss and metrics depend on the labels; the last ops that do not are likely outputs.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from helpers.graphs.applied_weights import RANDOM
from helpers.graphs.edges import Edge
from helpers.graphs.loss_nodes import LossNodes, is_input
from helpers.graphs.model_card import card_in
from helpers.graphs.network_parts import NetworkParts
from helpers.graphs.network_uses import ACTIVATIONS, NetworkUses
from helpers.graphs.split_wiring import SplitWiring
from helpers.graphs.tails import Tails, computing_op
from helpers.graphs.trained_variables import trained_groups
from helpers.graphs.wiring import PLACEHOLDERS, Wiring, is_float

OUTPUT_NAMES = re.compile(
    r"y_pred|predict|prob|softmax|output|logits|score|final_result|y_hat"
    r"|(^|/)(y|out|pred|classes|embeddings?)(_?\d+)?$",
    re.I,
)
DEFAULT_NAMES = re.compile(r"(.*/)?Identity(_\d+)?")
ALSO_LIKELY = 0.6  # of the best candidate's score; those with more are outputs, too
COMBINING = ("Mul", "Add", "AddV2", "RealDiv", "Select", "SelectV2")
DIFFERENCES = {"Sub", "SquaredDifference"}
NEVER = ("Switch", "Enter", "RefEnter", "NextIteration", "LoopCond", "Const", "Assert")


class Candidate(NamedTuple):
    """A tensor that is likely to be an input or an output."""

    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None  # None: unknown
    reason: str
    score: float
    doubt: str = ""  # why it must not be taken for the output without being asked for
    is_head: bool = False  # needs trained variables that the outputs before do not need


def output_candidates(graph_def, meta=None) -> list[Candidate]:
    """The graph's likely outputs, the likeliest first.

    Args:
      meta: the MetaGraphDef of the graph, for its signatures.
    """
    return CandidateSearch(graph_def, meta).outputs()


def likely_answers(ranked: list[Candidate]) -> list[Candidate]:
    """The first of the ranked outputs, other heads, and those with a similar score."""
    least = ranked[0].score * ALSO_LIKELY if ranked else 0
    return [
        found
        for found in ranked
        if found is ranked[0] or found.is_head or found.score > least
    ]


def input_candidates(graph_def, outputs) -> list[Candidate]:
    """The inputs that these outputs (names of ops or tensors) depend on."""
    wiring = SplitWiring(graph_def)
    needed = wiring.before(name.split(":")[0] for name in outputs)
    found = [name for name in wiring.nodes if name in needed and is_input(wiring, name)]
    return [_input(wiring, name) for name in found]


class CandidateSearch:
    """A search for the outputs of a graph along its edges."""

    def __init__(self, graph_def, meta=None):
        self.wiring = SplitWiring(graph_def)
        self.given = _given(graph_def, meta)
        self.loss = LossNodes(self.wiring)
        self.weights = self.loss.weights
        self.labels, self.loss_nodes = self.loss.labels, self.loss.nodes

    def outputs(self) -> list[Candidate]:
        """The outputs that the file names, else the likely ones, likeliest first."""
        if self.given:
            wiring, given = self.wiring, self.given.items()
            return [_candidate(wiring, name, why, 9.0) for name, why in given]
        self.tails = Tails(self.loss)
        self.groups = trained_groups(self.loss)
        self.trained: frozenset[str] = frozenset().union(*self.groups)
        self.uses = NetworkUses(self.tails, self.trained)
        self.forward = self._forward()
        last = self._last() or self._totals()
        found = NetworkParts(self.uses, self.groups, self.forward)
        self.compared = found.compared
        self.parts = {
            name: factor
            for name, factor in found.factors.items()
            if name not in last and self._is_possible(name)
        }
        combined = filter(None, map(self._combined_with_labels, last))
        self.parts |= dict.fromkeys(combined, 0.9)
        names = self._distinct(dict.fromkeys([*last, *self.parts]))
        ranked = [self._ranked(name, names) for name in names]
        ranked.sort(key=lambda found: -found.score)
        return self._ordered(self._without_twice(ranked))

    def _forward(self) -> set[str]:
        """The nodes that may be outputs: computed from inputs, outside all tails."""
        weights = self.weights
        found = self.wiring.after(
            set(self.loss.inputs) - self.labels,
            until=weights.cut | self.loss_nodes,
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
        wiring = self.wiring
        op = wiring.op(name)
        if op in NEVER or RANDOM.fullmatch(op):
            return False
        return is_float(wiring.dtype(name)) and not is_input(wiring, name)

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

    def _distinct(self, names) -> list[str]:
        """The names, of ops that compute the same from the same only the best."""
        found: dict[tuple, str] = {}
        for name in names:
            source = computing_op(self.wiring, name, ("Identity",))
            key = (self.wiring.op(source), *self.wiring.data[source])
            known = found.setdefault(key, name)
            if OUTPUT_NAMES.search(name) and not OUTPUT_NAMES.search(known):
                found[key] = name
        return list(found.values())

    def _ranked(self, name: str, names: list[str]) -> Candidate:
        """The op as a Candidate, with its score and the reasons for it."""
        wiring, use, reasons, score = self.wiring, self.uses.of(name), [], 0.0
        kind = wiring.op(computing_op(wiring, name))
        if kind in ACTIVATIONS:
            reasons.append(f"a {kind}")
            score += ACTIVATIONS[kind]
        if OUTPUT_NAMES.search(name):
            reasons.append("named like an output")
            score += 2
        if self.uses.is_read_by_loss(name):
            reasons.append("the loss or a metric reads it")
            score += 1
        if total := len(self.trained):
            used = len(use.trained)
            reasons.append(f"computed from {used} of {total} variables")
            score += 3 * used / total
        twins = [other for other in names if self._is_replica(name, other)]
        if twins:
            reasons.append(f"one of {len(twins) + 1} that share their variables")
            score += 1.5 if not use.is_random else 0
        for factor, why in self._reductions(name, names, twins):
            reasons.append(why)
            score *= factor
        reason = ", ".join(reasons) or "no other op reads it"
        found = _candidate(wiring, name, reason, round(score, 2))
        return found._replace(doubt=self._doubt(name, names, twins))

    def _reductions(
        self, name: str, names: list[str], twins: list[str]
    ) -> Iterator[tuple[float, str]]:
        """Factors of the score of an op that is less likely an output, and why."""
        if self.uses.is_state(name):
            yield 0.5, "but only the last state of a loop"
        if self.weights.is_scalar(name):
            yield 0.3, "but one number for the whole batch"
        if name in self.parts:
            yield self.parts[name], "and other ops of the network read it"
        elif self.tails.loss and not any(
            map(self.uses.is_read_by_loss, [name, *twins])
        ):
            mine = self.uses.of(name).trained
            read = [other for other in names if self.uses.is_read_by_loss(other)]
            if any(mine <= self.uses.of(other).trained for other in read):
                yield 0.5, "but no loss reads it"

    def _is_replica(self, name: str, other: str) -> bool:
        """Whether both ops apply the same weights to different inputs, or dropouts."""
        if name == other or self.uses.is_state(name) or self.uses.is_state(other):
            return False
        first, second = self.uses.of(name), self.uses.of(other)
        same = first.weights == second.weights != frozenset()
        if not same or not self.uses.are_apart([name, other]):
            return False
        kinds = {self.wiring.op(computing_op(self.wiring, n)) for n in (name, other)}
        shapes = [self.wiring.shape(n) for n in (name, other)]
        return len(kinds) == 1 and len({shape and shape[1:] for shape in shapes}) == 1

    def _doubt(self, name: str, names: list[str], twins: list[str]) -> str:
        """Why the op must not be taken without being asked for; "": nothing."""
        missing = self.trained - self.uses.of(name).trained
        if missing:
            some = ", ".join(sorted(missing)[:3]) + (
                ", ..." if len(missing) > 3 else ""
            )
            count = f"{len(missing)} of {len(self.trained)}"
            return f"it leaves out {count} trained variables ({some})"
        if twins:
            return f"it shares its variables with {', '.join(twins[:2])}"
        if self.weights.is_scalar(name):
            return "it is one number, as a loss is"
        if name in self.parts:
            return "other ops of the network read it"
        if self.compared:
            return f"it compares outputs of one network: {', '.join(self.compared[:2])}"
        if len(self.groups) > 1:
            return f"the graph trains {len(self.groups)} parts for losses of their own"
        if name in self.tails.loss:
            return "it is a part of the loss"
        if self.uses.is_state(name):
            return "it is the last state of a loop"
        if self.loss.has_gradients and not self.uses.is_read_by_loss(name):
            return "the graph trains for a loss that does not read it"
        if combined := self._combined_with_labels(name):
            return f"an input joins after it, in {combined}, before the comparison"
        others = [other for other in names if self._is_other_head(name, other)]
        return f"the loss reads {', '.join(others[:2])}, too" if others else ""

    def _combined_with_labels(self, name: str) -> str:
        """The op that combines it with an input before a loss compares both, or ""."""
        data, weighed = self.wiring.data, self.weights.weighed
        for reader in self.tails.readers(name):
            masked = reader in self.loss_nodes and self.wiring.op(reader) in COMBINING
            pure = [n for n in data[reader] if n in self.labels - weighed]
            ops = map(self.wiring.op, self.tails.readers(reader))
            if masked and pure and not DIFFERENCES.isdisjoint(ops):
                return reader
        return ""

    def _is_other_head(self, name: str, other: str) -> bool:
        """Whether another op, which ends the network as well, is no less an output."""
        if other == name or other in self.parts or self.uses.is_state(other):
            return False
        if self.trained and not self.uses.of(other).trained:
            return False
        known = self.tails.loss and not self.uses.is_read_by_loss(other)
        return not known and self.uses.logits(name) != self.uses.logits(other)

    def _without_twice(self, ranked: list[Candidate]) -> list[Candidate]:
        """The candidates, with half the score for a second activation of logits."""
        known: set[str] = set()
        found = []
        for item in ranked:
            logits = self.uses.logits(_node(item))
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
        covered = set(self.uses.of(_node(ranked[0])).trained)
        while rest:
            gain = [len(self.uses.of(_node(c)).trained - covered) for c in rest]
            if not max(gain):
                break
            best = rest.pop(gain.index(max(gain)))
            covered |= self.uses.of(_node(best)).trained
            taken.append(best._replace(is_head=True))
        return [*taken, *rest]


def _node(found: Candidate) -> str:
    return found.tensor.removesuffix(":0")


def _candidate(wiring: Wiring, name: str, reason: str, score: float) -> Candidate:
    item = Edge.parse(name)
    known = name if name in wiring.nodes else item.node
    dtype, shape = wiring.dtype(known), wiring.shape(known)
    return Candidate(item.tensor, dtype.name if dtype else "?", shape, reason, score)


def _given(graph_def, meta) -> dict[str, str]:
    """The outputs that the card or signatures name, and the reason for each."""
    nodes = {node.name for node in graph_def.node}
    given = {}
    card = card_in(graph_def) or {}
    if card.get("output", "").split(":")[0] in nodes:
        given[card["output"]] = "named in the model card"
    for key, signature in meta.signature_def.items() if meta else ():
        names = [tensor.name for tensor in signature.outputs.values()]
        for name in names if not key.startswith("__") else ():  # __saved_model_init_op
            if name.split(":")[0] in nodes:
                given.setdefault(name, f"an output of signature {key!r}")
    return given


def _input(wiring: Wiring, name: str) -> Candidate:
    node, shape = wiring.nodes[name], wiring.shape(name)
    dtype = wiring.dtype(name)
    if node.op not in PLACEHOLDERS:
        reason = f"an output of the input pipeline ({node.op})"
    elif shape == () or (dtype is not None and dtype.is_bool and shape is None):
        reason = "a switch or rate: bind it for inference"
    else:
        reason = "a placeholder that the outputs need"
    return _candidate(wiring, name, reason, 1.0)
