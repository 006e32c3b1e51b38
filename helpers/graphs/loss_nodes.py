"""Tell what judges an answer from what gives it: labels, loss and metrics.

A label never meets a weight: it is only compared with what the weights gave.
"""

import re

import tensorflow as tf

from helpers.graphs.wiring import Wiring, type_of

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
ENTROPIES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
LOSSES = (*ENTROPIES, "CTCLoss")
LABEL_NAMES = re.compile(r"label|target|truth|(^|/)(y|y_|ys|y_true)(_\d+)?$", re.I)
LOOPS = ("Enter", "RefEnter")  # where a weight meets an input cannot be told


def is_input(wiring: Wiring, name: str) -> bool:
    op = wiring.op(name)
    return op in PLACEHOLDERS or bool(PIPELINES.fullmatch(op))


class LossNodes:
    """The inputs of a graph that are labels, and all that is computed from them."""

    def __init__(self, wiring: Wiring):
        self.wiring = wiring
        self.variables = set(wiring.variables())
        self.inputs = [name for name in wiring.nodes if is_input(wiring, name)]
        self.training = {
            name
            for name, op in wiring.ops.items()
            if TRAINING.fullmatch(op) or GRADIENTS.match(name)
        }
        self.labels = self._labels()
        self.nodes = self._after_labels()

    def _labels(self) -> set[str]:
        """The inputs that only training asks for."""
        compared = {name for name in self._only_compared() if not self._switches(name)}
        labels = {name for name in self.inputs if LABEL_NAMES.search(name)}
        labels |= self._in_label_slots() & compared
        loops = any(node.op in LOOPS for node in self._nodes())
        return labels or (set() if loops else compared)

    def _switches(self, name: str) -> bool:
        """Whether an input is one number or a yes or no, as rates and switches are."""
        dtype = type_of(self.wiring.nodes[name].attr["dtype"].type)
        return self.wiring.shape(name) == () or dtype == tf.bool

    def _nodes(self):
        return self.wiring.nodes.values()

    def _in_label_slots(self) -> set[str]:
        """What the labels of a cross entropy or CTC loss are made from."""
        found = set()
        for node in self._nodes():
            slots = {"CTCLoss": slice(1, 3)}.get(node.op, slice(1, 2))
            if node.op in LOSSES:
                before = self.wiring.before(
                    text.split(":")[0] for text in node.input[slots]
                )
                if before.isdisjoint(self.variables):
                    found |= before
        return found

    def _only_compared(self) -> set[str]:
        """The inputs that no weight is ever applied to."""
        wiring = self.wiring
        if not self.variables:
            return set()
        fed = wiring.after(self.inputs)
        weighed = wiring.after(self.variables, until=self.training)
        applied = [
            source
            for name in fed & weighed
            if weighed.intersection(wiring.data[name]) - fed
            for source in wiring.data[name]
            if source in fed - weighed
        ]
        return set(self.inputs) - wiring.before(applied)

    def _after_labels(self) -> set[str]:
        """Loss and metrics: all that depends on a label's value, not on its shape."""
        shapes = {name for name, node in self.wiring.nodes.items() if node.op in SHAPES}
        judged = self.wiring.after(self.labels, until=shapes | self.training)
        for name, node in self.wiring.nodes.items():
            takers = map(self.wiring.op, self.wiring.consumers.get(name, ()))
            if node.op == "Reshape" and not set(LOSSES).isdisjoint(takers):
                judged.add(name)  # the logits, flattened for the loss
        return judged
