"""What `inspect` found, as a table for people and as a dictionary for programs."""

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from helpers.graphs.candidates import Candidate
from helpers.graphs.unsafe_ops import Finding


class Row(NamedTuple):
    """One variable: where its value is, and what it is there for."""

    key: str  # its name in the checkpoint
    variable: str | None  # its op's name in the graph
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    shard: int | None
    offset: int | None
    crc32c: int | None
    slices: int
    role: str  # "inference", "optimizer" or "other"
    slots: tuple[str, ...]  # keys of what the optimizer keeps for it


class Difference(NamedTuple):
    """A variable on which graph and checkpoint do not agree."""

    variable: str
    graph: str
    checkpoint: str
    is_needed: bool  # by the outputs


class Constant(NamedTuple):
    """A value inside a graph."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


@dataclass
class GraphFacts:
    """What a graph holds."""

    file: str
    kind: str
    tensorflow: str
    nodes: int
    functions: int
    roles: dict[str, int]
    ops: dict[str, int]
    answers: list[str]  # the outputs that "inference" is counted for
    outputs: list[Candidate]
    inputs: list[Candidate]
    constants: list[Constant]
    findings: list[Finding]  # what it could do besides computing
    card: dict | None


@dataclass
class Report:
    """What was found at a path."""

    path: str
    files: dict[str, int]  # name -> bytes
    warnings: list[str] = field(default_factory=list)
    graphs: list[GraphFacts] = field(default_factory=list)
    format: str | None = None  # "V1" or "V2" where there are variables
    variables: list[Row] = field(default_factory=list)
    bytes: dict[str, int] = field(default_factory=dict)  # role -> bytes
    missing: list[Difference] = field(default_factory=list)
    mismatched: list[Difference] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)  # keys that no graph op reads
    damaged: dict[str, str] = field(default_factory=dict)  # key -> cause

    def as_dict(self) -> dict:
        """The same as plain lists, texts and numbers, for JSON."""
        return _plain(asdict(self))


def shape_text(shape) -> str:
    """A shape as it is written in a table: `[3, 3, 3, 32]`, `[?, 2]`."""
    if shape is None:
        return "[unknown]"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _plain(value):
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
