"""Find the variables that training keeps as moving averages of tensors.

An update of a variable is a moving average of a tensor if the assigned value equals
both wherever the two are equal, and depends on both. The expression of the update is
evaluated with numbers to find out: no name and no order of the ops matters.
"""

import math
from collections.abc import Callable, Container, Mapping
from typing import Any

import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import constant_scalar
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import output_types
from helpers.graphs.op_kinds import VARIABLE_OPS
from helpers.graphs.op_registry import op_def

READS = ("Identity", "ReadVariableOp", "Switch", "RefSwitch", "Enter", "RefEnter")
ASSIGNED: dict[str, Callable] = {  # the value after the update, of value and operand
    "Assign": lambda before, value: value,
    "AssignVariableOp": lambda before, value: value,
    "AssignAdd": lambda before, value: before + value,
    "AssignAddVariableOp": lambda before, value: before + value,
    "AssignSub": lambda before, value: before - value,
    "AssignSubVariableOp": lambda before, value: before - value,
}
# Ops whose output has the elements of their first input.
SAME_ELEMENTS = (
    *("Identity", "StopGradient", "Snapshot", "PreventGradient", "CheckNumerics"),
    *("Reshape", "Squeeze", "ExpandDims", "Cast", "EnsureShape"),
    *("Switch", "RefSwitch", "Enter", "RefEnter"),
)
ARITHMETIC: dict[str, Callable] = {
    "Add": lambda a, b: a + b,
    "AddV2": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "RealDiv": lambda a, b: a / b,
    "Div": lambda a, b: a / b,
    "Pow": lambda a, b: a**b,
    "Minimum": min,
    "Maximum": max,
    "Neg": lambda a: -a,
    "Reciprocal": lambda a: 1 / a,
}
DEPTH = 60  # of an update's expression
# Numbers for what an update depends on besides the variable and the tensor: counts of
# steps and of elements, in which corrections of the bias vanish as they grow.
LARGE = 1e7
UNCHANGED = 1e-4  # as a share: corrections, and decays rounded to float32


def averaged_tensors(
    nodes: Mapping[str, Any], live: Container[str]
) -> dict[Edge, list[str]]:
    """The variables that are moving averages of each tensor, sorted.

    An average that another variable holds without its bias to 0 is left out.

    Args:
      nodes: the whole graph by name, with the ops that only training needs.
      live: the names of the nodes that inference needs; the tensors are theirs.
    """
    updates = [
        _Update(nodes, live, node, variable)
        for node in nodes.values()
        if node.op in ASSIGNED and (variable := variable_of(nodes, node.name))
    ]
    pairs = {(u.variable, u.tensor()) for u in updates if u.is_average()}
    averages = {variable for variable, _ in pairs}
    unbiased = {biased: u for u in updates if (biased := u.unbiased_from(averages))}
    found: dict[Edge, set[str]] = {}
    for variable, tensor in pairs:
        if tensor is not None:
            name = unbiased[variable].variable if variable in unbiased else variable
            found.setdefault(tensor, set()).add(name)
    return {tensor: sorted(names) for tensor, names in found.items()}


def variable_of(nodes: Mapping[str, Any], name: str) -> str | None:
    """The variable that an op reads, forwards or assigns; None for any other op."""
    while (node := nodes.get(name)) is not None:
        if node.op in VARIABLE_OPS:
            return name
        if node.op not in (*READS, *ASSIGNED) or not data_inputs(node):
            return None
        name = data_inputs(node)[0].node
    return None


class _Update:
    """An op that assigns a variable, and what the assigned value depends on."""

    def __init__(self, nodes: Mapping[str, Any], live: Container[str], node, variable):
        self.nodes, self.live, self.variable = nodes, live, variable
        self.assigned = ASSIGNED[node.op]
        self.value = data_inputs(node)[1]
        self.tensors: set[Edge] = set()
        self.variables: set[str] = set()
        self._evaluate({variable: 1.0})

    def tensor(self) -> Edge | None:
        """The only tensor of inference that the assigned value depends on, or None."""
        (tensor,) = self.tensors if len(self.tensors) == 1 else (None,)
        return tensor

    def is_average(self) -> bool:
        """Whether the value lies at both where they are equal, and depends on both."""
        variable, tensor = self.variable, self.tensor()
        if tensor is None:
            return False
        kept = all(
            self._is_close({variable: number, tensor: number}, number)
            for number in (3.0, -0.5)
        )
        apart = {variable: 1.0, tensor: 1e6}  # a decay may be 0.99999
        return kept and not any(self._is_close(apart, end) for end in apart.values())

    def unbiased_from(self, averages: Container[str]) -> str | None:
        """The average that the update corrects the bias of, or None.

        Its own value before is then without effect.
        """
        biased = [name for name in self.variables if name in averages]
        if self.tensors or len(biased) != 1 or biased[0] == self.variable:
            return None
        trials = ((3.0, 1.0), (-0.5, 7.0))
        fits = all(
            self._is_close({biased[0]: number, self.variable: other}, number)
            for number, other in trials
        )
        return biased[0] if fits else None

    def _is_close(self, given: Mapping[Any, float], wanted: float) -> bool:
        found = self._evaluate(given)
        return math.isclose(found, wanted, rel_tol=UNCHANGED)

    def _evaluate(self, given: Mapping[Any, float]) -> float:
        """The assigned value.

        Args:
          given: the numbers of variables, by name, and of tensors; everything else is
            roughly LARGE.
        """
        unknown: dict[Any, float] = {}
        values: dict[Edge, float] = {}

        def number(key) -> float:
            if key in given:
                return given[key]
            return unknown.setdefault(key, LARGE * (1 + 0.1 * len(unknown)))

        def evaluate(item: Edge, depth: int) -> float:
            if item not in values:
                values[item] = compute(item, depth)
            return values[item]

        def compute(item: Edge, depth: int) -> float:
            node = self.nodes.get(item.node)
            if node is None or depth > DEPTH:
                return math.nan
            if name := variable_of(self.nodes, item.node):
                self.variables.add(name)
                return number(name)
            if node.op == "Const":
                value = constant_scalar(node)
                return number(item) if value is None else float(value)
            if item.node in self.live and _is_floating(node, item.output_index):
                self.tensors.add(item)
                return number(item)
            inputs = data_inputs(node)
            if node.op in SAME_ELEMENTS:
                return evaluate(inputs[0], depth + 1)
            if node.op not in ARITHMETIC:
                return number(item)
            return ARITHMETIC[node.op](*(evaluate(one, depth + 1) for one in inputs))

        try:
            value = evaluate(self.value, 0)
            return float(self.assigned(number(self.variable), value))
        except (ZeroDivisionError, OverflowError, TypeError):  # complex numbers too
            return math.nan


def _is_floating(node, index: int) -> bool:
    if op_def(node.op) is None:
        return False
    types = output_types(node)
    return index < len(types) and tf.as_dtype(types[index]).is_floating
