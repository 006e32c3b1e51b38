"""Guess a graph's inputs and outputs, and say why.

What depends on the labels is loss and metrics; the last op that does not is an answer.
"""

import re
from typing import NamedTuple

import tensorflow as tf

from helpers.graphs.loss_nodes import GRADIENTS, PLACEHOLDERS, LossNodes, is_input
from helpers.graphs.model_card import card_in
from helpers.graphs.wiring import Wiring, type_of

VERDICTS = (
    *("ArgMax", "ArgMin", "TopK", "TopKV2", "Round", "Greater", "GreaterEqual"),
    *("CTCGreedyDecoder", "CTCBeamSearchDecoder"),
)
PASSING = ("Identity", "Reshape", "Squeeze")
ANSWER_NAMES = re.compile(
    r"y_pred|predict|prob|softmax|output|logits|score|final_result|y_hat"
    r"|(^|/)(y|out|pred|classes|embeddings?)(_?\d+)?$",
    re.I,
)
NAMELESS = re.compile(r"(.*/)?Identity(_\d+)?")
ALSO_LIKELY = 0.6  # more of the best candidate's score than this: an output too
ANSWERS = {"Softmax": 3, "Sigmoid": 3, "LogSoftmax": 2, "Tanh": 1}
PENALTIES = ("Mean", "Sum", "L2Loss", "Square", "SquaredDifference", "Neg", "AddN")
FLOATS = (tf.float16, tf.bfloat16, tf.float32, tf.float64)


class Candidate(NamedTuple):
    """A tensor that is likely an input or an output."""

    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None  # None where unknown
    reason: str
    score: float


def output_candidates(graph_def, meta=None) -> list[Candidate]:
    """The graph's likely outputs, likeliest first."""
    return Guess(graph_def, meta).outputs()


def likely_answers(ranked: list[Candidate]) -> list[Candidate]:
    """The first of the ranked outputs, and those that are nearly as likely."""
    least = ranked[0].score * ALSO_LIKELY if ranked else 0
    return [found for found in ranked if found is ranked[0] or found.score > least]


def input_candidates(graph_def, outputs) -> list[Candidate]:
    """What has to be fed for these outputs (names of ops or tensors)."""
    wiring = Wiring(graph_def)
    needed = wiring.before(name.split(":")[0] for name in outputs)
    found = [name for name in wiring.nodes if name in needed and is_input(wiring, name)]
    return [_input(wiring, name) for name in found]


class Guess:
    """What the edges of a graph say about its inputs and outputs."""

    def __init__(self, graph_def, meta=None):
        self.wiring = Wiring(graph_def)
        self.variables = set(self.wiring.variables())
        self.given = _given(graph_def, meta)
        judgement = LossNodes(self.wiring)
        self.labels, self.judged = judgement.labels, judgement.nodes
        self.forward = self.wiring.after(
            set(judgement.inputs) - self.labels, until=judgement.training | self.judged
        )

    def outputs(self) -> list[Candidate]:
        known = [self._candidate(name, why, 9.0) for name, why in self.given.items()]
        if not known or not any(self.given.values()):
            names = [*self._last(), *self._last_of_scopes()]
            known = [self._ranked(name) for name in dict.fromkeys(names)]
        return sorted(known, key=lambda found: -found.score)

    def _last(self) -> list[str]:
        """The forward ops whose results no other forward op takes in."""
        wiring, forward = self.wiring, set(self.forward)
        forward -= {name for name in forward if wiring.op(name) in VERDICTS}
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
                return [self._named(name) for name in last if self._is_answer(name)]
            forward -= losses

    def _last_of_scopes(self) -> list[str]:
        """What a scope ends in that squashes its numbers, even where others go on."""
        squashing = [n for n in self.wiring.nodes if self.wiring.op(n) in ANSWERS]
        return [name for name in squashing if name in self.forward and self._ends(name)]

    def _ends(self, name: str) -> bool:
        """Whether all that take it in are in other scopes, and do more than pass it."""
        scope = name.partition("/")[0]
        takers = self.wiring.consumers.get(name, ())
        return all(
            not taker.startswith(f"{scope}/") and self.wiring.op(taker) not in PASSING
            for taker in takers
        )

    def _named(self, name: str) -> str:
        """The op itself, or what a nameless Identity passes on, if that has a name."""
        source = self.wiring.data[name][0] if NAMELESS.fullmatch(name) else name
        return source if ANSWER_NAMES.search(source) else name

    def _is_answer(self, name: str) -> bool:
        floats = _type_of(self.wiring.nodes[name]) in FLOATS
        return floats and "Random" not in self.wiring.op(name)

    def _ranked(self, name: str) -> Candidate:
        """An op with its score and the reasons for it."""
        wiring, reasons, score = self.wiring, [], 0.0
        kind = self._kind(name)
        if kind in ANSWERS:
            reasons.append(f"a {kind}")
            score += ANSWERS[kind]
        if ANSWER_NAMES.search(name):
            reasons.append("named like an answer")
            score += 2
        if self.judged.intersection(wiring.consumers.get(name, ())):
            reasons.append("the loss or a metric takes it in")
            score += 1
        used = len(self.variables & wiring.before([name]))
        weighed = len(self.variables & wiring.before(self.forward))
        if weighed:
            reasons.append(f"computed from {used} of {weighed} variables")
            score += 3 * used / weighed
        if wiring.op(name) == "Exit":
            reasons.append("but only a loop's last state")
            score /= 2
        why = ", ".join(reasons) or "no other op takes it in"
        return self._candidate(name, why, round(score, 2))

    def _kind(self, name: str) -> str:
        """The op that made a value, seen through what only passes it on."""
        while self.wiring.op(name) in PASSING and self.wiring.data[name]:
            name = self.wiring.data[name][0]
        return self.wiring.op(name)

    def _candidate(self, name: str, why: str, score: float) -> Candidate:
        op, _, index = name.partition(":")
        dtype, shape = _type_of(self.wiring.nodes[op]), self.wiring.shape(op)
        tensor = f"{op}:{index or 0}"
        return Candidate(tensor, dtype.name if dtype else "?", shape, why, score)


def _given(graph_def, meta) -> dict[str, str]:
    """The outputs that the file itself names, and where."""
    nodes = {node.name for node in graph_def.node}
    given = {}
    card = card_in(graph_def) or {}
    if card.get("output", "").split(":")[0] in nodes:
        given[card["output"]] = "the model card names it"
    signatures = meta.signature_def.items() if meta else ()
    for key, signature in signatures:
        if key.startswith("__"):  # __saved_model_init_op
            continue
        for tensor in signature.outputs.values():
            if tensor.name.split(":")[0] in nodes:
                given.setdefault(tensor.name, f"an output of signature {key!r}")
    return given


def _input(wiring: Wiring, name: str) -> Candidate:
    node, shape = wiring.nodes[name], wiring.shape(name)
    dtype = _type_of(node)
    if node.op not in PLACEHOLDERS:
        reason = f"comes from the input pipeline ({node.op})"
    elif shape == () or (dtype == tf.bool and shape is None):
        reason = "a switch or rate: bind it for inference"
    else:
        reason = "a placeholder that the outputs need"
    return Candidate(f"{node.name}:0", dtype.name if dtype else "?", shape, reason, 1.0)


def _type_of(node) -> tf.DType | None:
    """The type of an op's first output, as its attributes state it."""
    for name in ("dtype", "T", "DstT", "out_type", "Tparams"):
        if name in node.attr and node.attr[name].type:
            return type_of(node.attr[name].type)
    for name in ("component_types", "output_types", "Tout"):
        if name in node.attr and node.attr[name].list.type:
            return type_of(node.attr[name].list.type[0])
    return None
