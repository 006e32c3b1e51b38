"""Which ops of a graph are its outputs: those named, or the likeliest."""

import re
from difflib import get_close_matches
from typing import NamedTuple

import tensorflow as tf

from helpers.freezing.drafts import Draft, Edge, edge, output_types
from helpers.freezing.errors import FreezeError
from helpers.freezing.registry import op_def
from helpers.freezing.rewriting import RESOURCE_VARIABLES, VARIABLES

tf1 = tf.compat.v1
NAMES = re.compile(
    r"(^|[/_])(y_?pred|pred(iction)?s?|prob(abilitie)?s?|probability|scores?|"
    r"softmax|outputs?|out|y|y_?hat|final_result|classes|logits|embeddings?)(_?\d*)$",
    re.I,
)
NOT_MODEL = re.compile(
    r"(^|/)(gradients?|save\w*|restore\w*|init\w*|train(ing)?|train_op|Adam\w*|loss\w*|"
    r"accuracy\w*|metrics?|summar\w*|report_uninitialized\w*|input_producer|shuffle_batch"
    r"|batch|ExponentialMovingAverage|Momentum|RMSProp|GradientDescent|checkpoint)"
    r"(_\d+)?(/|$)",
    re.I,
)
LOSSES = re.compile(r"CrossEntropy|L2Loss|SquaredDifference|LogLoss|CTCLoss|Nce")
JUDGING = ("ArgMax", "TopK", "TopKV2", "InTopK", "InTopKV2", "Equal", "Log", "Sub")
JUDGING += ("CTCGreedyDecoder", "CTCBeamSearchDecoder")
PASSIVE = ("Identity", "Reshape", "Squeeze", "Cast", "Shape", "StopGradient")
CLEAR, AHEAD = 6, 3  # the score, and the lead, of an output that needs no asking
LABELS = re.compile(r"(^|/)(y_?|y_?true|labels?|targets?|ground_?truth)(_?\d*)$", re.I)
FED = ("Placeholder", "IteratorGetNext", "QueueDequeue")
SQUASHING = {"Softmax": 5, "Sigmoid": 4, "LogSoftmax": 4, "Tanh": 2}
WITHOUT_ANSWER = {
    "Const", "NoOp", "Placeholder", "Variable", "VariableV2", "VarHandleOp", "Assign",
    "AssignVariableOp", "ReadVariableOp", "PlaceholderWithDefault", "SaveV2", "Save",
    "SaveSlices", "RestoreV2", "RestoreSlice", "Assert", "Shape", "VarIsInitializedOp",
    "MergeV2Checkpoints", "ShardedFilename", "ScalarSummary", "HistogramSummary",
    "MergeSummary", "ImageSummary", "IsVariableInitialized",
}  # fmt: skip


class Candidate(NamedTuple):
    """An op that may be the graph's output, and what speaks for it."""

    name: str
    score: int
    reason: str


def find_outputs(meta: tf1.MetaGraphDef, wanted, card: dict) -> list[Edge]:
    """The outputs that are wanted, as tensors; else what graph or card say of them.

    Args:
      wanted: names with or without `:0`, several, or separated by commas; or None.
    """
    nodes = {node.name: node for node in meta.graph_def.node}
    if isinstance(wanted, str):
        wanted = wanted.split(",")
    named = [name.strip() for name in wanted or () if name.strip()]
    named = named or _said(meta, card, nodes)
    if named:
        keys = _signature_keys(meta)
        names = [n if edge(n).node in nodes else keys.get(n, n) for n in named]
        return [_named(nodes, name) for name in dict.fromkeys(names)]
    return [_likeliest(candidates(meta.graph_def))]


def _said(meta: tf1.MetaGraphDef, card: dict, nodes: dict) -> list[str]:
    """What the card or a serving signature names."""
    if card.get("output"):
        return [card["output"]]
    signatures = dict(meta.signature_def)
    signature = signatures.get("serving_default")
    if signature is None and len(signatures) == 1:
        (signature,) = signatures.values()
    if signature is None:
        return []
    found = [signature.outputs[key].name for key in sorted(signature.outputs)]
    return [name for name in found if edge(name).node in nodes]


def _signature_keys(meta: tf1.MetaGraphDef) -> dict[str, str]:
    """What the signatures call their outputs, and the tensors' names."""
    signatures = meta.signature_def.values()
    return {key: s.outputs[key].name for s in signatures for key in s.outputs}


def _named(nodes: dict, name: str) -> Edge:
    found = edge(name.removeprefix("^"))
    if found.node in nodes:
        return _checked(nodes[found.node], found)
    close = get_close_matches(found.node, nodes, 3, 0.4)
    close = close or [n for n in nodes if n.endswith(found.node.split("/")[-1])][:3]
    raise FreezeError(
        f"the graph has no op {found.node!r}",
        f"the closest names are {', '.join(close)}"
        if close
        else "python -m helpers inspect lists the candidates",
    )


def _checked(node, found: Edge) -> Edge:
    """The tensor, if its op has that many outputs, and they are values."""
    if node.op in RESOURCE_VARIABLES:
        raise FreezeError(
            f"op {node.name!r} is a variable, which has no value of its own",
            "name an op that reads it",
        )
    count = len(output_types(node)) if op_def(node.op) else found.index + 1
    if found.index < count:
        return found
    raise FreezeError(
        f"op {node.name!r} ({node.op}) has no output {found.index}",
        f"it has {count}: name {node.name}:0" if count else "name another op",
    )


def _likeliest(ranked: list[Candidate]) -> Edge:
    if not ranked:
        raise FreezeError(
            "no op of the graph looks like an output",
            "name it with --output-node-names",
        )
    first, *others = ranked
    if first.score >= CLEAR and all(first.score >= o.score + AHEAD for o in others[:1]):
        return Edge(first.name, 0)
    lines = [f"  {item.name}: {item.reason}" for item in ranked[:5]]
    raise FreezeError(
        "it is not clear which op of the graph is its output; likely are\n"
        + "\n".join(lines),
        "name one or more with --output-node-names",
    )


def candidates(graph_def: tf1.GraphDef) -> list[Candidate]:
    """The ops that may be the graph's outputs, the likeliest first, with reasons."""
    draft = Draft.of(graph_def)
    consumers = draft.consumers()
    fed = _reached(consumers, _of_ops(draft, FED))
    fed &= _reached(consumers, _of_ops(draft, VARIABLES))
    fed -= _reached(consumers, _labels(draft, consumers))
    found = []
    for node in draft.nodes.values():
        if node.op in WITHOUT_ANSWER or node.name not in fed:
            continue
        if (
            NOT_MODEL.search(node.name)
            or LOSSES.search(node.op)
            or "/while/" in node.name
        ):
            continue
        score, reasons = _evidence(node, consumers)
        if score > 2:
            found.append(Candidate(node.name, score, ", ".join(reasons)))
    return sorted(found, key=lambda item: (-item.score, item.name))


def _of_ops(draft: Draft, ops: tuple[str, ...]) -> list[str]:
    return [node.name for node in draft.nodes.values() if node.op.startswith(ops)]


def _labels(draft: Draft, consumers) -> list[str]:
    """The inputs that tell a loss or metric what is right."""
    found = []
    for name in _of_ops(draft, ("Placeholder",)):
        takers = [taker for taker, item in consumers.get(name, ()) if not item.control]
        judged = takers and all(_judges(taker, consumers) for taker in takers)
        if judged or LABELS.search(name):
            found.append(name)
    return found


def _reached(consumers, names: list[str]) -> set[str]:
    """These ops, and all that is computed from them."""
    ahead, seen = list(names), set(names)
    while ahead:
        for taker, item in consumers.get(ahead.pop(), ()):
            if not item.control and taker.name not in seen:
                seen.add(taker.name)
                ahead.append(taker.name)
    return seen


def _evidence(node, consumers) -> tuple[int, list[str]]:
    """How much speaks for an op being the output, and what."""
    score, reasons = 0, []
    if node.op in SQUASHING:
        score += SQUASHING[node.op]
        reasons.append(node.op.lower())
    if NAMES.search(node.name):
        score += 3
        reasons.append("its name")
    takers = [taker for taker, item in consumers.get(node.name, ()) if not item.control]
    if not takers:
        score += 3
        reasons.append("nothing takes it")
    elif all(_judges(taker, consumers) for taker in takers):
        score += 3
        reasons.append("only loss and metrics take it")
    return score, reasons


def _judges(taker, consumers, depth: int = 3) -> bool:
    """Whether the op belongs to loss, metrics, gradients or summaries."""
    if NOT_MODEL.search(taker.name) or LOSSES.search(taker.op):
        return True
    if taker.op in JUDGING or taker.op.endswith("Summary"):
        return True
    if taker.op in PASSIVE and depth:
        next_takers = [
            t for t, item in consumers.get(taker.name, ()) if not item.control
        ]
        return bool(next_takers) and all(
            _judges(t, consumers, depth - 1) for t in next_takers
        )
    return False
