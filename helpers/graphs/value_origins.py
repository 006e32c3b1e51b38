"""The ops that compute values, before any ops that only pass them on."""

from collections.abc import Iterable

from helpers.graphs.wiring import Wiring

PASSING = ("Identity", "Reshape", "Squeeze", "StopGradient", "Cast", "ExpandDims")


def computing_op(wiring: Wiring, name: str, passing: Iterable[str] = PASSING) -> str:
    """The name of the op that computes a value, before any ops that only pass it on."""
    while wiring.op(name) in passing and wiring.data[name]:
        name = wiring.data[name][0]
    return name


def is_constant(wiring: Wiring, name: str) -> bool:
    """Whether a constant is the origin of the value."""
    return wiring.op(computing_op(wiring, name)) == "Const"
