"""Finds the ops after a network's outputs: losses, decisions, samples, updates.

An op belongs to a tail if it computes nothing that a network computes, and all ops that
read it belong to tails.
"""

import re
from collections.abc import Iterable

from helpers.graphs.applied_weights import (
    ELEMENTWISE,
    RANDOM,
    REDUCTIONS,
    constant_axes,
)
from helpers.graphs.loss_nodes import LossNodes
from helpers.graphs.op_kinds import SELECTS

DECISIONS = (  # ops that turn probabilities into decisions
    *("ArgMax", "ArgMin", "TopK", "TopKV2", "Round", "Rint", "Greater", "GreaterEqual"),
    *("CTCGreedyDecoder", "CTCBeamSearchDecoder", "Multinomial", "InTopK", "InTopKV2"),
    *("Less", "LessEqual", "Equal", "NotEqual", "Sign", "IsFinite", "IsNan", "IsInf"),
)
ACTIVATIONS = ("Softmax", "Sigmoid", "LogSoftmax", "Tanh", "Softplus", "Exit")
PENALTIES = ("Log", "Log1p", "Neg", "L2Loss", "Square", "Pow", "SquaredDifference")
# Ops of a loss if what reads them is of a loss, too, and compares no labels.
COMPARED = ("Abs", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "ClipByValue")
SUMS = ("Add", "AddV2", "AddN")
PASSING = ("Identity", "Reshape", "Squeeze", "StopGradient", "Cast", "ExpandDims")
DIFFERENCES = ("Sub", "SquaredDifference")
LOSS_SCOPES = re.compile(
    r"(.*/)?[^/]*(loss|cost|log_?prob|entropy|penalt|accurac|metric|objective|kl_?div"
    r"|regulari[sz])[^/]*/[^/]+",
    re.I,
)


class Tails:
    """The ops after the outputs of a network.

    Attributes: `loss`, the ops of losses and metrics; `decisions`, those of decisions
    and random samples; `updates`, those that only updates of variables read.
    """

    def __init__(self, nodes: LossNodes):
        self.nodes, self.wiring, self.weights = nodes, nodes.wiring, nodes.weights
        self.noise = self._noise()
        self.loss = set(nodes.nodes)
        self.decisions = self._decisions()
        self.updates: set[str] = set()
        self.free: set[str] = set()  # of `loss`, those that compare no labels
        self._grow()

    def readers(self, name: str) -> list[str]:
        """The ops that read a node's value, without its shape, and not for training."""
        cut = self.weights.cut
        return [n for n in self.wiring.consumers.get(name, ()) if n not in cut]

    @property
    def all(self) -> set[str]:
        return self.loss | self.decisions | self.updates

    def _noise(self) -> set[str]:
        """The nodes computed from random numbers and from nothing else."""
        drawn = [name for name, op in self.wiring.ops.items() if RANDOM.fullmatch(op)]
        drawn = [name for name in drawn if name not in self.nodes.inputs]
        return self.wiring.after(drawn, until=self.weights.cut | self.weights.weighed)

    def _decisions(self) -> set[str]:
        """Decisions, and what is computed from them alone, without other weights."""
        wiring = self.wiring
        found: set[str] = set()
        ahead = [
            name
            for name, op in wiring.ops.items()
            if op in DECISIONS and name in self.weights.fed & self.weights.weighed
        ]
        while ahead:
            name = ahead.pop()
            if name in found or name in self.weights.cut or name in self.loss:
                continue
            data = self.weights.weighed.intersection(wiring.data[name])
            decided = wiring.op(name) in DECISIONS or data <= found
            if decided and name not in self.weights.applications:
                found.add(name)
                ahead += wiring.consumers.get(name, ())
        return found

    def _grow(self) -> None:
        """Add ops to the tails until all ops that belong to them are found."""
        inside = self.weights.fed & self.weights.weighed - self.nodes.training
        ahead = [name for name in self.wiring.nodes if name in inside]
        while ahead:
            name = ahead.pop()
            tail = None if self._is_placed(name) else self._tail_of(name)
            if tail is not None:
                tail.add(name)
                if tail is self.loss:
                    self.free.add(name)
                ahead += [
                    source for source in self.wiring.data[name] if source in inside
                ]

    def _is_placed(self, name: str) -> bool:
        return name in self.loss or name in self.decisions or name in self.updates

    def _tail_of(self, name: str) -> set[str] | None:
        """The tail that an op belongs to; None: it may be an output."""
        readers, op = self.readers(name), self.wiring.op(name)
        if name in self.weights.applications:
            return None
        if not readers:
            if self._is_update(name):
                return self.updates
            if self._is_sample(name):
                return self.decisions
            return (
                self.loss if self._is_total(name) or self._in_loss_scope(name) else None
            )
        if all(reader in self.updates for reader in readers) and self._is_update(name):
            return self.updates
        others = [reader for reader in readers if reader not in self.decisions]
        if not others:
            decided = self._is_sample(name) or op in ("Cast", "Floor")
            return self.decisions if decided else None
        if self.loss.issuperset(others):
            return self.loss if self._is_of_loss(name, others) else None
        mixed = all(self._is_placed(reader) for reader in readers)
        return self.loss if mixed and self._is_total(name) else None

    def _is_of_loss(self, name: str, readers: list[str]) -> bool:
        """Whether an op that only a loss reads belongs to the loss itself."""
        op = self.wiring.op(name)
        if self._is_total(name) or op in PENALTIES or self._in_loss_scope(name):
            return True
        if op in SELECTS and self._selects_by_itself(name):
            return True
        if not self.free.issuperset(readers):
            return False
        taking = {self.wiring.op(reader) for reader in readers}
        if op in COMPARED:
            compared = taking.intersection(DIFFERENCES) and self._is_residual(name)
            return op != "Sub" or not compared
        if op in SUMS:
            return self._is_sum_of_losses(name, taking)
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
        known = {*PENALTIES, *COMPARED, *SUMS, "Sum"}
        return op == "StopGradient" or (op == "Exp" and taking <= known)

    def _selects_by_itself(self, name: str) -> bool:
        """Whether an op selects by the sign of a value that a loss reads elsewhere."""
        condition, *values = self.wiring.data[name]
        if self.wiring.op(condition) not in DECISIONS:
            return False
        compared = self.wiring.data[condition]
        readers = {n for source in compared for n in self.tails_of(source)} - {name}
        negated = {n for v in values for n in self.wiring.data[v]} | set(values)
        return bool(readers) and not negated.isdisjoint(compared)

    def tails_of(self, name: str) -> set[str]:
        """The ops of losses that read a node."""
        return self.loss.intersection(self.wiring.consumers.get(name, ()))

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
        inputs = self.weights.fed - self.weights.weighed
        return not data.isdisjoint(inputs | self.weights.applications.keys())

    def _is_sum_of_losses(self, name: str, taking: set[str]) -> bool:
        data = self.wiring.data[name]
        if any(self.is_constant(source) for source in data):
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

    def _is_total(self, name: str) -> bool:
        """Whether an op reduces a batch: to a scalar, or over its first axis."""
        if not is_reduced(self.wiring, name):
            return self.weights.is_scalar(name) and self._has_vectors()
        axes = constant_axes(self.wiring, name) or ()
        return 0 in axes or self.weights.is_scalar(name)

    def _has_vectors(self) -> bool:
        """Whether any data input is no scalar."""
        found = set(self.nodes.inputs) - self.nodes.labels
        return not all(map(self.weights.is_scalar, found))

    def _in_loss_scope(self, name: str) -> bool:
        if not LOSS_SCOPES.fullmatch(name):
            return False
        return self.wiring.op(name) not in (*ACTIVATIONS, "Placeholder")

    def _is_update(self, name: str) -> bool:
        """Whether only assignments read a value that no network would end with."""
        takers = self.wiring.consumers.get(name, ())
        assigned = bool(takers) and all(
            "Assign" in self.wiring.op(taker)
            or "Scatter" in self.wiring.op(taker)
            or taker in self.updates
            or taker in self.nodes.shapes
            for taker in takers
        )
        simple = (*ELEMENTWISE, *PASSING, *REDUCTIONS, *PENALTIES, "Rsqrt", "Sqrt")
        return assigned and self.wiring.op(name) in simple

    def _is_sample(self, name: str) -> bool:
        """Whether an op adds random numbers to a value, or scales it by them."""
        if self.wiring.op(name) not in ELEMENTWISE:
            return name in self.noise
        data = self.wiring.data[name]
        if not self.noise.isdisjoint(data):
            return True
        inner = [n for n in data if n not in self.weights.applications]
        return any(
            self.wiring.op(n) in ELEMENTWISE and self._is_sample(n) for n in inner
        )

    def is_constant(self, name: str) -> bool:
        return self.wiring.op(computing_op(self.wiring, name)) == "Const"


def is_reduced(wiring, name: str) -> bool:
    return wiring.op(name) in REDUCTIONS and len(wiring.data[name]) > 1


def computing_op(wiring, name: str, passing: Iterable[str] = PASSING) -> str:
    """The name of the op that computes a value, before any ops that only pass it on."""
    while wiring.op(name) in passing and wiring.data[name]:
        name = wiring.data[name][0]
    return name
