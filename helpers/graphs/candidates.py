"""Guesses a graph's inputs and outputs, and gives the reasons.

Loss and metrics depend on the labels; the last ops that do not are likely outputs.
"""

import re
from typing import NamedTuple

import tensorflow as tf

from helpers.graphs.edges import Edge
from helpers.graphs.loss_nodes import GRADIENTS, LossNodes, is_input
from helpers.graphs.model_card import card_in
from helpers.graphs.wiring import PLACEHOLDERS, Wiring, type_of

DECISIONS = (  # ops that turn probabilities into decisions
    *("ArgMax", "ArgMin", "TopK", "TopKV2", "Round", "Greater", "GreaterEqual"),
    *("CTCGreedyDecoder", "CTCBeamSearchDecoder"),
)
PASSING = ("Identity", "Reshape", "Squeeze")
OUTPUT_NAMES = re.compile(
    r"y_pred|predict|prob|softmax|output|logits|score|final_result|y_hat"
    r"|(^|/)(y|out|pred|classes|embeddings?)(_?\d+)?$",
    re.I,
)
DEFAULT_NAMES = re.compile(r"(.*/)?Identity(_\d+)?")
ALSO_LIKELY = 0.6  # of the best candidate's score; those with more are outputs, too
ACTIVATIONS = {"Softmax": 3, "Sigmoid": 3, "LogSoftmax": 2, "Tanh": 1}  # op -> score
PENALTIES = ("Mean", "Sum", "L2Loss", "Square", "SquaredDifference", "Neg", "AddN")
FLOATS = (tf.float16, tf.bfloat16, tf.float32, tf.float64)


class Candidate(NamedTuple):
    """A tensor that is likely to be an input or an output."""

    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None  # None: unknown
    reason: str
    score: float


def output_candidates(graph_def, meta=None) -> list[Candidate]:
    """The graph's likely outputs, the likeliest first.

    Args:
      meta: the MetaGraphDef of the graph, for its signatures.
    """
    return CandidateSearch(graph_def, meta).outputs()


def likely_answers(ranked: list[Candidate]) -> list[Candidate]:
    """The first of the ranked outputs, and those with a similar score."""
    least = ranked[0].score * ALSO_LIKELY if ranked else 0
    return [found for found in ranked if found is ranked[0] or found.score > least]


def input_candidates(graph_def, outputs) -> list[Candidate]:
    """The inputs that these outputs (names of ops or tensors) depend on."""
    wiring = Wiring(graph_def)
    needed = wiring.before(name.split(":")[0] for name in outputs)
    found = [name for name in wiring.nodes if name in needed and is_input(wiring, name)]
    return [_input(wiring, name) for name in found]


class CandidateSearch:
    """A search for the outputs of a graph along its edges."""

    def __init__(self, graph_def, meta=None):
        self.wiring = Wiring(graph_def)
        self.variables = set(self.wiring.variables())
        self.given = _given(graph_def, meta)
        loss = LossNodes(self.wiring)
        self.labels, self.loss_nodes = loss.labels, loss.nodes
        self.forward = self.wiring.after(
            set(loss.inputs) - self.labels, until=loss.training | self.loss_nodes
        )

    def outputs(self) -> list[Candidate]:
        """The outputs that the file names, else the likely ones, likeliest first."""
        if self.given:
            wiring, given = self.wiring, self.given.items()
            return [_candidate(wiring, name, why, 9.0) for name, why in given]
        names = dict.fromkeys([*self._last(), *self._last_of_scopes()])
        return sorted(map(self._ranked, names), key=lambda found: -found.score)

    def _last(self) -> list[str]:
        """The forward ops whose results no other forward op reads."""
        wiring, forward = self.wiring, set(self.forward)
        forward -= {name for name in forward if wiring.op(name) in DECISIONS}
        has_gradients = any(map(GRADIENTS.match, wiring.nodes))
        while True:
            last = [
                name
                for name in wiring.nodes
                if name in forward
                and not is_input(wiring, name)
                and not forward.intersection(wiring.consumers.get(name, ()))
            ]
            losses = {name for name in last if wiring.op(name) in PENALTIES}
            if not has_gradients or not losses or losses == forward:
                floats = [n for n in last if _type_of(wiring.nodes[n]) in FLOATS]
                random = {n for n in floats if "Random" in wiring.op(n)}
                return [self._named(name) for name in floats if name not in random]
            forward -= losses

    def _last_of_scopes(self) -> list[str]:
        """The forward activations that end a scope, even if other scopes read them."""
        return [
            name
            for name, op in self.wiring.ops.items()
            if op in ACTIVATIONS and name in self.forward and self._ends_scope(name)
        ]

    def _ends_scope(self, name: str) -> bool:
        """Whether all consumers are in other scopes, and compute something."""
        scope = name.partition("/")[0]
        return all(
            not reader.startswith(f"{scope}/") and self.wiring.op(reader) not in PASSING
            for reader in self.wiring.consumers.get(name, ())
        )

    def _named(self, name: str) -> str:
        """The op, or the source of an Identity of default name, if its name fits."""
        source = self.wiring.data[name][0] if DEFAULT_NAMES.fullmatch(name) else name
        return source if OUTPUT_NAMES.search(source) else name

    def _ranked(self, name: str) -> Candidate:
        """The op as a Candidate, with its score and the reasons for it."""
        wiring, reasons, score = self.wiring, [], 0.0
        kind = self._kind(name)
        if kind in ACTIVATIONS:
            reasons.append(f"a {kind}")
            score += ACTIVATIONS[kind]
        if OUTPUT_NAMES.search(name):
            reasons.append("named like an output")
            score += 2
        if self.loss_nodes.intersection(wiring.consumers.get(name, ())):
            reasons.append("the loss or a metric reads it")
            score += 1
        used = len(self.variables & wiring.before([name]))
        total = len(self.variables & wiring.before(self.forward))
        if total:
            reasons.append(f"computed from {used} of {total} variables")
            score += 3 * used / total
        if wiring.op(name) == "Exit":
            reasons.append("but only the last state of a loop")
            score /= 2
        why = ", ".join(reasons) or "no other op reads it"
        return _candidate(wiring, name, why, round(score, 2))

    def _kind(self, name: str) -> str:
        """The op that computes a value, before any ops that only pass it on."""
        while self.wiring.op(name) in PASSING and self.wiring.data[name]:
            name = self.wiring.data[name][0]
        return self.wiring.op(name)


def _candidate(wiring: Wiring, name: str, reason: str, score: float) -> Candidate:
    item = Edge.parse(name)
    dtype, shape = _type_of(wiring.nodes[item.node]), wiring.shape(item.node)
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
    if node.op not in PLACEHOLDERS:
        reason = f"an output of the input pipeline ({node.op})"
    elif shape == () or (_type_of(node) == tf.bool and shape is None):
        reason = "a switch or rate: bind it for inference"
    else:
        reason = "a placeholder that the outputs need"
    return _candidate(wiring, name, reason, 1.0)


def _type_of(node) -> tf.DType | None:
    """The type of an op's first output, from its attributes; None: unknown."""
    for name in ("dtype", "T", "DstT", "out_type", "Tparams"):
        if name in node.attr and node.attr[name].type:
            return type_of(node.attr[name].type)
    for name in ("component_types", "output_types", "Tout"):
        if name in node.attr and node.attr[name].list.type:
            return type_of(node.attr[name].list.type[0])
    return None
