"""Guess a graph's inputs and outputs, and say why.

What depends on the labels is loss and metrics; the last op that does not is an answer.
"""

import re
from typing import NamedTuple

import tensorflow as tf

from helpers.cards import card_in
from helpers.wiring import VARIABLES, Wiring, shape_in

PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
PIPELINES = re.compile(r"QueueDequeue.*|Iterator\w*GetNext\w*|ReaderRead.*|Unstage")
TRAINING = re.compile(
    r"(Sparse)?(Resource)?(Sparse)?Apply\w+|(Ref|Resource)?Assign\w*|Assign\w*Op"
    r"|\w*Scatter(Add|Sub|Update)|\w+(Grad|GradV\d)|\w+Backprop(Input|Filter)?\w*"
    r"|(Merge|Scalar|Histogram|Image|Audio|Tensor)Summary\w*|SaveV2|SaveSlices|Save"
    r"|Restore\w*|Assert|Print\w*"
)
GRADIENTS = re.compile(r"(.*/)?gradients(_\d+)?/")
SHAPES = ("Shape", "ShapeN", "Size", "Rank")
VERDICTS = ("ArgMax", "ArgMin", "TopK", "TopKV2", "Round", "Greater", "GreaterEqual")
ENTROPIES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
LABEL_NAMES = re.compile(r"label|target|truth|(^|/)(y|y_|ys|y_true)(_\d+)?$", re.I)
ANSWER_NAMES = re.compile(
    r"y_pred|predict|prob|softmax|output|logits|score|final_result|y_hat", re.I
)
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


def input_candidates(graph_def, outputs) -> list[Candidate]:
    """What has to be fed for these outputs (names of ops or tensors)."""
    wiring = Wiring(graph_def)
    needed = wiring.before(name.split(":")[0] for name in outputs)
    found = [name for name in wiring.nodes if name in needed and is_input(wiring, name)]
    return [_input(wiring.nodes[name]) for name in found]


def is_input(wiring: Wiring, name: str) -> bool:
    op = wiring.op(name)
    return op in PLACEHOLDERS or bool(PIPELINES.fullmatch(op))


class Guess:
    """What the edges of a graph say about its inputs and outputs."""

    def __init__(self, graph_def, meta=None):
        self.wiring = Wiring(graph_def)
        self.given = _given(graph_def, meta)
        self.training = {
            name
            for name, node in self.wiring.nodes.items()
            if TRAINING.fullmatch(node.op) or GRADIENTS.match(name)
        }
        inputs = [name for name in self.wiring.nodes if is_input(self.wiring, name)]
        self.labels = self._labels(inputs)
        self.judged = self._after_labels()
        self.forward = self.wiring.after(
            set(inputs) - self.labels, until=self.training | self.judged
        )

    def outputs(self) -> list[Candidate]:
        known = [self._candidate(name, why, 9.0) for name, why in self.given.items()]
        if not known or not any(self.given.values()):
            known = [self._ranked(name) for name in self._last()]
        return sorted(known, key=lambda found: -found.score)

    def _labels(self, inputs: list[str]) -> set[str]:
        """The inputs that only training asks for."""
        wiring = self.wiring
        answers = []
        for name, node in wiring.nodes.items():
            if node.op in ENTROPIES:
                answers.append(node.input[1].split(":")[0])
            elif node.op == "CTCLoss":
                answers += [text.split(":")[0] for text in node.input[1:3]]
        before = wiring.before(answers, until=set(wiring.variables()))
        labels = {name for name in inputs if name in before and self._is_raw(name)}
        labels = labels | {name for name in inputs if LABEL_NAMES.search(name)}
        return labels or self._never_weighed(inputs)

    def _is_raw(self, name: str) -> bool:
        """Whether an input meets no variable directly, as a label does not."""
        return name in self._never_weighed([name])

    def _never_weighed(self, inputs: list[str]) -> set[str]:
        """The inputs that are only ever compared with what others were turned into."""
        wiring = self.wiring
        fed = wiring.after(
            name for name in wiring.nodes if is_input(wiring, name)
        )
        weighed = wiring.after(wiring.variables(), until=self.training)
        weights = weighed - fed
        raw = fed - weighed
        used = [
            source
            for name in fed & weighed
            if any(source in weights for source in wiring.data[name])
            for source in wiring.data[name]
            if source in raw
        ]
        needed = wiring.before(used)
        loops = any(node.op in ("Enter", "RefEnter") for node in wiring.nodes.values())
        return set() if loops else {name for name in inputs if name not in needed}

    def _after_labels(self) -> set[str]:
        """Loss and metrics: all that depends on a label's value, not on its shape."""
        shapes = {name for name, node in self.wiring.nodes.items() if node.op in SHAPES}
        return self.wiring.after(self.labels, until=shapes | self.training)

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
                return [name for name in last if self._is_float(name)]
            forward -= losses

    def _is_float(self, name: str) -> bool:
        return _type_of(self.wiring.nodes[name]) in FLOATS

    def _ranked(self, name: str) -> Candidate:
        """An op with its score and the reasons for it."""
        wiring, reasons, score = self.wiring, [], 0.0
        op = wiring.op(name)
        if op in ANSWERS:
            reasons.append(f"a {op}")
            score += ANSWERS[op]
        if ANSWER_NAMES.search(name):
            reasons.append("named like an answer")
            score += 2
        if wiring.consumers.get(name):
            reasons.append("only loss, metrics and training take it in")
            score += 1
        variables = set(wiring.variables())
        used = len(variables & wiring.before([name]))
        weighed = len(variables & wiring.before(self.forward)) or 1
        reasons.append(f"computed from {used} of {weighed} variables")
        score += 2 * used / weighed
        return self._candidate(name, ", ".join(reasons), round(score, 2))

    def _candidate(self, name: str, why: str, score: float) -> Candidate:
        op, _, index = name.partition(":")
        node = self.wiring.nodes[op]
        dtype = _type_of(node)
        shape = shape_in(node)
        tensor = f"{op}:{index or 0}"
        return Candidate(tensor, dtype.name if dtype else "?", shape, why, score)


def _given(graph_def, meta) -> dict[str, str]:
    """The outputs that the file itself names, and where."""
    nodes = {node.name for node in graph_def.node}
    given = {}
    card = card_in(graph_def) or {}
    if card.get("output", "").split(":")[0] in nodes:
        given[card["output"]] = "the model card names it"
    for key, signature in meta.signature_def.items() if meta else ():
        for tensor in signature.outputs.values():
            if tensor.name.split(":")[0] in nodes:
                given.setdefault(tensor.name, f"an output of signature {key!r}")
    return given


def _input(node) -> Candidate:
    dtype, shape = _type_of(node), shape_in(node)
    if node.op not in PLACEHOLDERS:
        reason = f"comes from the input pipeline ({node.op})"
    elif dtype == tf.bool or shape == ():
        reason = "a switch or rate: bind it for inference"
    else:
        reason = "a placeholder that the outputs need"
    return Candidate(
        f"{node.name}:0", dtype.name if dtype else "?", shape, reason, 1.0
    )


def _type_of(node) -> tf.DType | None:
    """The type of an op's first output, as its attributes state it."""
    for name in ("dtype", "T", "DstT", "out_type", "Tparams"):
        if name in node.attr and node.attr[name].type:
            return tf.dtypes.as_dtype(node.attr[name].type)
    for name in ("component_types", "output_types", "Tout"):
        if name in node.attr and node.attr[name].list.type:
            return tf.dtypes.as_dtype(node.attr[name].list.type[0])
    return None
