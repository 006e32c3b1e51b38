"""A tensor that is likely to be an input or an output of a graph."""

from typing import NamedTuple

from helpers.graphs.edges import Edge
from helpers.graphs.wiring import Wiring


class Candidate(NamedTuple):
    """A tensor that is likely to be an input or an output."""

    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None  # None: unknown
    reason: str
    score: float
    doubt: str = ""  # why it must not be taken for the output without being asked for
    is_head: bool = False  # needs trained variables that the outputs before do not need

    @property
    def name(self) -> str:
        """The tensor's name without `:0`."""
        return self.tensor.removesuffix(":0")


def candidate_of(wiring: Wiring, name: str, reason: str, score: float) -> Candidate:
    """The tensor of this name, or the first output of the op, as a Candidate."""
    item = Edge.parse(name)
    known = name if name in wiring.nodes else item.node
    dtype, shape = wiring.dtype(known), wiring.shape(known)
    return Candidate(item.tensor, dtype.name if dtype else "?", shape, reason, score)
