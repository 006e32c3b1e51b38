"""The report that `inspect` returns: rows of tables, and a dictionary for JSON."""

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from helpers.graphs.candidates import Candidate
from helpers.graphs.scan_findings import Finding


class Row(NamedTuple):
    """One variable: the place of its value, and its role."""

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
    slots: tuple[str, ...]  # keys of its optimizer slots


class Difference(NamedTuple):
    """A variable that differs between graph and checkpoint, described in both."""

    variable: str
    graph: str
    checkpoint: str
    is_needed: bool  # by the outputs


class Constant(NamedTuple):
    """A constant of a graph."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


@dataclass
class GraphFacts:
    """The counts, outputs, inputs, constants and unsafe ops of one graph."""

    file: str
    kind: str
    tensorflow: str
    nodes: int
    functions: int
    roles: dict[str, int]  # role -> nodes
    ops: dict[str, int]  # op type -> nodes
    answers: list[str]  # the outputs whose inference is counted in `roles`
    outputs: list[Candidate]
    inputs: list[Candidate]
    constants: list[Constant]
    findings: list[Finding]  # unsafe ops
    card: dict | None


@dataclass
class Report:
    """The files, graphs and variables at a path, and how they differ."""

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
        """The report as dictionaries, lists, strings and numbers, for JSON."""
        return _plain(asdict(self))


def _plain(value):
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
