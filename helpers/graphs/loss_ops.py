"""The rules by which an op belongs to a loss that is computed from it."""

import re
from collections.abc import Iterable

from helpers.graphs.applied_weights import REDUCTIONS, constant_axes, is_reduced
from helpers.graphs.loss_nodes import LossNodes
from helpers.graphs.op_kinds import DIFFERENCES, SELECTS
from helpers.graphs.repeated_terms import (
    PENALTIES,
    SLICES,
    SUMS,
    RepeatedTerms,
)
from helpers.graphs.value_origins import computing_op, is_constant

ACTIVATIONS = ("Softmax", "Sigmoid", "LogSoftmax", "Tanh", "Softplus", "Exit")
# Ops of a loss if what reads them is of a loss, too, and compares no labels.
COMPARED = ("Abs", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "ClipByValue")
LOSS_SCOPES = re.compile(
    r"(.*/)?[^/]*(loss|cost|log_?prob|entropy|penalt|accurac|metric|objective|kl_?div"
    r"|regulari[sz])[^/]*/[^/]+",
    re.I,
)


class LossOps:
    """The ops of losses and metrics, as far as they are found.

    Attributes: `found`, the ops; `free`, those of them that compare no labels.
    """

    def __init__(self, nodes: LossNodes):
        self.nodes, self.wiring, self.weights = nodes, nodes.wiring, nodes.weights
        self.found = set(nodes.nodes)
        self.free: set[str] = set()
        self.repeated = RepeatedTerms(nodes, self.found)

    def add(self, name: str) -> None:
        """Add an op that is computed from no labels."""
        self.found.add(name)
        self.free.add(name)

    def readers(self, name: str) -> set[str]:
        """The ops of losses that read a node."""
        return self.repeated.readers(name)

    def includes_last(self, name: str) -> bool:
        """Whether an op that nothing reads ends a loss or a metric."""
        return self.is_total(name) or self._in_scope(name)

    def is_total(self, name: str) -> bool:
        """Whether an op reduces a batch: to a scalar, or over its first axis."""
        if not is_reduced(self.wiring, name):
            return self.weights.is_scalar(name) and self._has_vectors()
        axes = constant_axes(self.wiring, name) or ()
        return 0 in axes or self.weights.is_scalar(name)

    def includes(self, name: str, readers: list[str]) -> bool:
        """Whether an op that only a loss reads belongs to the loss itself."""
        op = self.wiring.op(name)
        if self.is_total(name) or op in PENALTIES or self._in_scope(name):
            return True
        if self.repeated.includes(name):
            return True
        if not self.free.issuperset(readers):
            return False
        taking = {self.wiring.op(reader) for reader in readers}
        if op in COMPARED:
            compared = taking.intersection(DIFFERENCES) and self._is_residual(name)
            return op != "Sub" or not compared
        if op in SUMS:
            return self._is_sum_of_losses(name, taking)
        if op in SLICES:
            return self.repeated.is_slice_of_difference(name, readers)
        if op == "Relu":  # of a margin
            return self._takes(name, (*SUMS, "Sub"))
        if is_reduced(self.wiring, name):
            summed = op == "Sum" and self._takes(name, (*SUMS, "Sub", "Neg", "Exp"))
            stopped = taking <= {"StopGradient", *SELECTS}
            scaled = self._is_scale(name, readers)
            return summed or stopped or scaled or self._sums_logarithms(name)
        if op in ("Reshape", "Squeeze"):
            source = self.wiring.data[name][0]
            stopped = self.wiring.op(source) == "StopGradient"
            return stopped or self._takes(name, (*SUMS, "Log"))
        if op in SELECTS:
            return taking <= {"StopGradient"}
        if op == "Softplus":  # of a log_sigmoid
            return taking == {"Neg"} and self._takes(name, ("Neg",))
        known = {*PENALTIES, *COMPARED, *SUMS, "Sum"}
        return op == "StopGradient" or (op == "Exp" and taking <= known)

    def _has_vectors(self) -> bool:
        """Whether any data input is no scalar."""
        found = set(self.nodes.inputs) - self.nodes.labels
        return not all(map(self.weights.is_scalar, found))

    def _in_scope(self, name: str) -> bool:
        if not LOSS_SCOPES.fullmatch(name):
            return False
        return self.wiring.op(name) not in (*ACTIVATIONS, "Placeholder")

    def _is_scale(self, name: str, readers: list[str]) -> bool:
        """Whether what the op sums is only divided by the sum."""
        source = self.wiring.data[name][0]
        return all(
            self.wiring.op(reader) in ("RealDiv", "Div")
            and source in self.wiring.data[reader]
            for reader in readers
        )

    def _is_residual(self, name: str) -> bool:
        """Whether an op subtracts a layer's values from others, or from an input."""
        data = {computing_op(self.wiring, n) for n in self.wiring.data[name]}
        applied = self.weights.applications
        return any(n in applied or self.weights.is_raw(n) for n in data)

    def _is_sum_of_losses(self, name: str, taking: set[str]) -> bool:
        data = self.wiring.data[name]
        if any(is_constant(self.wiring, source) for source in data):
            return taking <= {"Log", "Log1p", "Sqrt", "Maximum", "Relu"}
        known = (*PENALTIES, *COMPARED, *SUMS, *REDUCTIONS)
        ops = [self.wiring.op(computing_op(self.wiring, source)) for source in data]
        is_applied = not self.weights.applications.keys().isdisjoint(data)
        return not {"Log", "Log1p"}.isdisjoint(ops) or (
            set(ops) <= set(known) and not is_applied
        )

    def _takes(self, name: str, ops: Iterable[str]) -> bool:
        """Whether the first input is of one of these ops, which applies no weights."""
        source = self.wiring.data[name][0]
        is_applied = source in self.weights.applications
        return self.wiring.op(source) in ops and not is_applied

    def _sums_logarithms(self, name: str) -> bool:
        """Whether an op sums products with logarithms, as entropies do."""
        source = self.wiring.data[name][0]
        factors = map(self.wiring.op, self.wiring.data[source])
        return self.wiring.op(source) == "Mul" and "Log" in factors
