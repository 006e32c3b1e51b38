"""What freezing did, for the command line's table and its --json."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from helpers.freezing.proof import Proof


@dataclass(frozen=True)
class Report:
    """What was frozen, what was bound and removed, and how it was proven."""

    output: Path
    inputs: dict[str, str]  # tensor -> type and shape
    outputs: dict[str, str]
    bound: dict[str, float | bool]
    removed: dict[str, int]
    nodes: tuple[int, int]  # before, after
    bytes: tuple[int, int]  # checkpoint and meta, frozen graph
    proof: Proof
    fingerprint: str
    card: dict
    warnings: tuple[str, ...] = field(default=())

    def rows(self) -> list[tuple[str, str]]:
        """The report as a table: what, and its value."""
        return [
            ("inputs", _listed(self.inputs)),
            ("outputs", _listed(self.outputs)),
            ("bound", _listed(self.bound) or "nothing"),
            ("removed", _counted(self.removed) or "nothing"),
            ("nodes", f"{self.nodes[0]:,} -> {self.nodes[1]:,}"),
            ("MB", f"{self.bytes[0] / 1e6:.1f} -> {self.bytes[1] / 1e6:.1f}"),
            ("proof", str(self.proof)),
            ("fingerprint", self.fingerprint),
            ("written", str(self.output)),
        ]

    def as_json(self) -> dict:
        """The report as JSON knows it."""
        found = asdict(self) | {
            "proof": self.proof._asdict(),
            "output": str(self.output),
        }
        return found | {"nodes": list(self.nodes), "bytes": list(self.bytes)}

    def __str__(self) -> str:
        width = max(len(what) for what, _ in self.rows())
        lines = [f"{what:<{width}}  {value}" for what, value in self.rows()]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])


def _listed(facts: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _counted(removed: dict[str, int]) -> str:
    return ", ".join(
        f"{count} {what}{'s' * (count > 1)}" for what, count in removed.items()
    )
