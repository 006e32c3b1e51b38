"""Finds where a graph applies weights to data: the ops that make it a network."""

import re
from collections.abc import Iterable
from functools import cached_property

import tensorflow as tf

from helpers.graphs.wiring import Wiring, is_float, type_of

# Ops that apply weights even to tensors that other weights were applied to.
APPLYING = re.compile(
    r"(Sparse|Batch)?MatMul(V\d)?|SparseTensorDenseMatMul|Einsum|BiasAdd(V1)?"
    r"|\w*Conv\d?D\w*|(Resource)?Gather(V2|Nd)?|\w*BatchNorm\w*|Xla\w+"
    r"|CudnnRNN\w*|Block\w*|\w*LSTM\w*|\w*GRU\w*|\w*Quantized\w+"
    r"|(Stateless)?(While|If|Case)|(Stateful)?PartitionedCall"
)
ELEMENTWISE = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum")
UNARY = ("Identity", "Exp", "Log", "Neg", "Square", "Sqrt", "Cast", "ReadVariableOp")
PASSED = ("Identity", "Reshape", "ExpandDims", "Squeeze")
REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod")
RANDOM = re.compile(r".*(Random|TruncatedNormal|Multinomial|Shuffle).*")
SLOTS = re.compile(
    r".+/(Adam|AdamW|AdaMax|Adagrad\w*|Adadelta|Momentum|RMSProp|Ftrl|Nadam"
    r"|gradient_accumulator|ExponentialMovingAverage)(_\d+)?|beta\d_power(_\d+)?"
)


class AppliedWeights:
    """The weights of a graph, and the ops that combine them with its inputs.

    The weights are the variables of a float type, without an optimizer's slots; in a
    graph without variables, its float constants that are not scalars.

    Attributes: `fed`, the nodes computed from inputs; `weighed`, those computed from
    weights.
    """

    def __init__(self, wiring: Wiring, inputs: Iterable[str], cut: set[str]):
        self.wiring, self.inputs, self.cut = wiring, list(inputs), cut
        self._scalars: dict[str, bool] = {}
        self.variables = {
            name for name in wiring.variables() if _is_weight(wiring, name)
        }
        self.weights = self.variables or constant_weights(wiring)
        self.fed = wiring.after(self.inputs, until=cut)
        self.weighed = wiring.after(self.weights, until=cut)

    @cached_property
    def pure(self) -> set[str]:
        """The nodes computed from weights and from no input."""
        return self.weighed - self.fed

    @cached_property
    def applications(self) -> dict[str, list[str]]:
        """The ops that apply weights, each with the inputs that it applies them to."""
        found = {}
        for name in self.wiring.nodes:
            if name not in self.fed or name not in self.weighed:
                continue
            data = self.wiring.data[name]
            if self.pure.isdisjoint(data):
                continue
            if APPLYING.fullmatch(self.wiring.op(name)):
                taken = [source for source in data if source in self.fed]
            elif all(map(self.is_scalar, self.pure.intersection(data))):
                taken = [source for source in data if self._is_scalable(source)]
            else:
                taken = [source for source in data if self.is_raw(source)]
                joined = self.wiring.op(name) in ELEMENTWISE
                if joined and not any(map(self.is_scalar, data)):
                    taken = [source for source in data if source in self.fed]
            if taken:
                found[name] = taken
        return found | self._scaled_rows(found)

    @cached_property
    def before_last(self) -> set[str]:
        """The ops that apply weights, and all nodes that these are computed from."""
        return self.wiring.before(self.applications)

    def _scaled_rows(self, applications: Iterable[str]) -> dict[str, list[str]]:
        """The ops that multiply rows of weights by an input: features' values."""
        starts = [n for n in applications if "Gather" in self.wiring.op(n)]
        consumers, passed = self.wiring.consumers, set(starts)
        for name in starts:
            new = [n for n in consumers.get(name, ()) if self.wiring.op(n) in PASSED]
            starts += [n for n in new if n not in passed]
            passed.update(new)
        return {
            name: taken
            for name, op in self.wiring.ops.items()
            if op == "Mul"
            and not passed.isdisjoint(self.wiring.data[name])
            and (taken := [n for n in self.wiring.data[name] if self.is_raw(n)])
        }

    def _is_scalable(self, name: str) -> bool:
        """Whether a scalar weight is applied to this node: to an input, not a loss."""
        return self.is_raw(name) and not self.is_scalar(name)

    def is_raw(self, name: str) -> bool:
        """Whether inputs are before the node, and no weights."""
        return name in self.fed and name not in self.weighed

    def is_scalar(self, name: str) -> bool:
        """Whether the node's output is a scalar, by its shape or its inputs."""
        if name not in self._scalars:
            self._scalars[name] = False  # where loops lead back to the node
            shape = self.wiring.shape(name)
            known = self._computes_scalar(name) if shape is None else shape == ()
            self._scalars[name] = known
        return self._scalars[name]

    def _computes_scalar(self, name: str) -> bool:
        node, data = self.wiring.nodes[name], self.wiring.data[name]
        if node.op == "Const":
            return not node.attr["value"].tensor.tensor_shape.dim
        if node.op in REDUCTIONS and len(data) > 1 and not node.attr["keep_dims"].b:
            axes = constant_axes(self.wiring, name)
            return axes is not None and sorted(axes) == list(range(len(axes))) != []
        if node.op in (*ELEMENTWISE, *UNARY, "AddN"):
            return all(map(self.is_scalar, data))
        return node.op == "L2Loss"

    @cached_property
    def applied_inputs(self) -> set[str]:
        """The inputs that weights are applied to, directly or after other ops."""
        taken = {source for found in self.applications.values() for source in found}
        return self.wiring.before(taken, until=self.cut).intersection(self.inputs)


def constant_axes(wiring: Wiring, name: str) -> list[int] | None:
    """The axes that an op reduces; None: they are not constant."""
    axes = wiring.nodes.get(wiring.data[name][-1])
    if axes is None or axes.op != "Const":
        return None
    return tf.make_ndarray(axes.attr["value"].tensor).reshape(-1).tolist()


def is_reduced(wiring: Wiring, name: str) -> bool:
    """Whether an op reduces axes of a tensor."""
    return wiring.op(name) in REDUCTIONS and len(wiring.data[name]) > 1


def constant_weights(wiring: Wiring) -> set[str]:
    """The constants of a float type that are not scalars."""
    return {
        name
        for name, op in wiring.ops.items()
        if op == "Const"
        and wiring.nodes[name].attr["value"].tensor.tensor_shape.dim
        and is_float(type_of(wiring.nodes[name].attr["dtype"].type))
    }


def data_noise(wiring: Wiring, cut: set[str]) -> list[str]:
    """The random ops that weights are applied to, as a generator's noise is."""
    drawn = [name for name, op in wiring.ops.items() if RANDOM.fullmatch(op)]
    if not drawn:
        return []
    weighed = wiring.after(wiring.variables(), until=cut)
    noise = wiring.after(drawn, until=cut | weighed)
    taken = {
        source
        for name in weighed
        if APPLYING.fullmatch(wiring.op(name))
        and not noise.issuperset(wiring.data[name])
        for source in wiring.data[name]
        if source in noise
    }
    return [name for name in wiring.before(taken) if RANDOM.fullmatch(wiring.op(name))]


def _is_weight(wiring: Wiring, name: str) -> bool:
    dtype = type_of(wiring.nodes[name].attr["dtype"].type)
    return is_float(dtype) and not SLOTS.fullmatch(name)
