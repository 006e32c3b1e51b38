"""Finds the loss and the metrics of a graph, which are computed from its labels."""

import re

from helpers.graphs.applied_weights import AppliedWeights, data_noise
from helpers.graphs.labels import LOSSES, find_labels
from helpers.graphs.wiring import PLACEHOLDERS, Wiring

PIPELINES = re.compile(r"QueueDequeue.*|Iterator\w*GetNext\w*|ReaderRead.*|Unstage")
TRAINING = re.compile(
    r"(Sparse)?(Resource)?(Sparse)?Apply\w+|(Ref|Resource)?Assign\w*|Assign\w*Op"
    r"|\w*Scatter(Add|Sub|Update)|\w+(Grad|GradV\d)|\w+Backprop(Input|Filter)?\w*"
    r"|(Merge|Scalar|Histogram|Image|Audio|Tensor)Summary\w*|SaveV2|SaveSlices|Save"
    r"|Restore\w*|Assert|Print\w*"
)
GRADIENTS = re.compile(r"(.*/)?(gradients(_\d+)?|gradient_tape)/")
TRANSPOSED = re.compile(r"Conv\dDBackpropInput(V2)?")  # also transposed convolutions
# Ops whose outputs hold the sizes of their inputs, and not their values.
SHAPES = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")


def is_input(wiring: Wiring, name: str) -> bool:
    """Whether the node is a placeholder or the end of an input pipeline."""
    op = wiring.op(name)
    return op in PLACEHOLDERS or bool(PIPELINES.fullmatch(op))


class LossNodes:
    """The inputs of a graph that are labels, and the nodes computed from them.

    Attributes: `inputs`, all of them; `labels`; `training`, the nodes of gradients,
    updates, summaries and savers; `shapes`, the nodes whose values are sizes; `nodes`,
    loss and metrics; `weights`, the ops that apply weights. All hold node names.
    """

    def __init__(self, wiring: Wiring):
        self.wiring = wiring
        self.training = {
            name
            for name, op in wiring.ops.items()
            if GRADIENTS.match(name)
            or (TRAINING.fullmatch(op) and not TRANSPOSED.fullmatch(op))
        }
        self.shapes = {name for name, op in wiring.ops.items() if op in SHAPES}
        self.inputs = [name for name in wiring.nodes if is_input(wiring, name)]
        cut = self.shapes | self.training
        self.inputs += data_noise(wiring, cut)
        self.weights = AppliedWeights(wiring, self.inputs, cut)
        self.labels = find_labels(self.weights, self.has_gradients)
        self.nodes = self._after_labels(cut)

    @property
    def has_gradients(self) -> bool:
        return any(map(GRADIENTS.match, self.training))

    def _after_labels(self, cut: set[str]) -> set[str]:
        """Loss and metrics: the nodes that depend on a label's value, not its shape."""
        found = self.wiring.after(self.labels, until=cut)
        for name, op in self.wiring.ops.items():
            readers = map(self.wiring.op, self.wiring.consumers.get(name, ()))
            if op == "Reshape" and not set(LOSSES).isdisjoint(readers):
                found.add(name)  # the logits, flattened for the loss
        return found
