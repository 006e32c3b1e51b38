"""Tells the labels of a graph from its data, by the edges and not by the names.

Weights are applied to data; labels are only compared with the network's outputs.
"""

from helpers.graphs.applied_weights import AppliedWeights
from helpers.graphs.wiring import Wiring, is_float

ENTROPIES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
LOSSES = (*ENTROPIES, "CTCLoss", "CTCLossV2")
SAMPLERS = "CandidateSampler"  # in the names of ops that take the true classes
MASKED = ("Softmax", "LogSoftmax")  # a mask may be added to what they take


def find_labels(weights: AppliedWeights, has_gradients: bool) -> set[str]:
    """The inputs that are labels.

    Args:
      has_gradients: whether the graph was built for training.
    """
    wiring = weights.wiring
    if not weights.weights:
        return set()
    sampled, slots, answers = _label_slots(wiring, weights.cut)
    applied, inputs = weights.applied_inputs, weights.inputs
    labels = set()
    for name in inputs:
        if _is_switch(wiring, name):
            continue
        is_answered = name in answers and name in applied
        in_slot = name in sampled or (name in slots and not is_answered)
        if in_slot or (name not in applied and _is_compared(weights, name)):
            labels.add(name)
    if not has_gradients:
        labels -= {name for name in labels - slots if _is_combined(weights, name)}
    return labels


def _is_switch(wiring: Wiring, name: str) -> bool:
    """Whether an input is a scalar or a bool, as rates and switches are."""
    dtype = wiring.dtype(name)
    return wiring.shape(name) == () or (dtype is not None and dtype.is_bool)


def _label_slots(wiring: Wiring, cut: set[str]) -> tuple[set[str], set[str], set[str]]:
    """The nodes before samplers' true classes, losses' labels, and losses' logits."""
    sampled: set[str] = set()
    labels: set[str] = set()
    logits: set[str] = set()
    for name, node in wiring.nodes.items():
        if node.op not in LOSSES and SAMPLERS not in node.op:
            continue
        texts = [wiring.source(text) for text in node.input if text[0] != "^"]
        if node.op in LOSSES and name not in cut:
            is_ctc = node.op.startswith("CTC")
            labels |= wiring.before(texts[1:3] if is_ctc else texts[1:2], until=cut)
            logits |= wiring.before(texts[:1], until=cut)
        elif SAMPLERS in node.op:
            sampled |= wiring.before(texts[:1], until=cut)
    return sampled, labels, logits


def _is_compared(weights: AppliedWeights, name: str) -> bool:
    """Whether an input that no weight is applied to is a label, and not a mask."""
    after = weights.wiring.after([name], until=weights.cut)
    joined = after & weights.weighed
    return not any(weights.wiring.op(node) in MASKED for node in joined)


def _is_combined(weights: AppliedWeights, name: str) -> bool:
    """Whether outputs of the graph, floats for each example, depend on the input."""
    wiring = weights.wiring
    after = wiring.after([name], until=weights.cut)
    return any(
        node in weights.weighed
        and after.isdisjoint(wiring.consumers.get(node, ()))
        and is_float(wiring.dtype(node))
        and wiring.shape(node) not in (None, ())
        for node in after
    )
