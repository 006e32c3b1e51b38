"""Finds the labels of a graph, and the loss and metrics that are computed from them.

No weight is applied to a label: labels are only compared with the network's answers.
"""

import re

import tensorflow as tf

from helpers.graphs.wiring import PLACEHOLDERS, Wiring, type_of

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
LOOPS = ("Enter", "RefEnter")  # with them, edges do not show what weights apply to


def is_input(wiring: Wiring, name: str) -> bool:
    """Whether the node is a placeholder or the end of an input pipeline."""
    op = wiring.op(name)
    return op in PLACEHOLDERS or bool(PIPELINES.fullmatch(op))


class LossNodes:
    """The inputs of a graph that are labels, and the nodes computed from them.

    Attributes: `inputs`, all of them; `labels`; `training`, the nodes of gradients,
    updates, summaries and savers; `nodes`, loss and metrics. All hold node names.
    """

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
        """The inputs that are labels by their names, their consumers or their edges."""
        compared = {n for n in self._unweighted_inputs() if not self._is_switch(n)}
        labels = {name for name in self.inputs if LABEL_NAMES.search(name)}
        labels |= self._in_label_slots() & compared
        loops = any(op in LOOPS for op in self.wiring.ops.values())
        return labels or (set() if loops else compared)

    def _is_switch(self, name: str) -> bool:
        """Whether an input is a scalar or a bool, as rates and switches are."""
        dtype = type_of(self.wiring.nodes[name].attr["dtype"].type)
        return self.wiring.shape(name) == () or dtype == tf.bool

    def _in_label_slots(self) -> set[str]:
        """The nodes before the label inputs of cross entropies and CTC losses."""
        found: set[str] = set()
        for node in self.wiring.nodes.values():
            if node.op in LOSSES:
                texts = node.input[1:3] if node.op == "CTCLoss" else node.input[1:2]
                before = self.wiring.before(text.split(":")[0] for text in texts)
                if before.isdisjoint(self.variables):
                    found |= before
        return found

    def _unweighted_inputs(self) -> set[str]:
        """The inputs that no op combines with a weight."""
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
        """Loss and metrics: the nodes that depend on a label's value, not its shape."""
        shapes = {name for name, op in self.wiring.ops.items() if op in SHAPES}
        found = self.wiring.after(self.labels, until=shapes | self.training)
        for name, op in self.wiring.ops.items():
            readers = map(self.wiring.op, self.wiring.consumers.get(name, ()))
            if op == "Reshape" and not set(LOSSES).isdisjoint(readers):
                found.add(name)  # the logits, flattened for the loss
        return found
