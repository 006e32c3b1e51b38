"""What freezing did, for the command line's table and its --json."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.card_completion import INPUTS, inputs_of, named
from helpers.freezing.passes.pipeline import Applied
from helpers.freezing.proof.compare import Proof
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.op_registry import attribute


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
    warnings: tuple[str, ...] = ()
    rounding: float = 0.0  # the largest error of a weight in 16 bits
    passes: tuple[Applied, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """The report as a table: what, and its value."""
        return [
            ("inputs", _listed(self.inputs)),
            ("outputs", _listed(self.outputs)),
            ("bound", _listed(self.bound) or "nothing"),
            ("removed", _counted(self.removed) or "nothing"),
            ("nodes", f"{self.nodes[0]:,} -> {self.nodes[1]:,}"),
            ("MB", f"{self.bytes[0] / 1e6:.1f} -> {self.bytes[1] / 1e6:.1f}"),
            *self._rounded(),
            ("proof", str(self.proof)),
            ("fingerprint", self.fingerprint),
            ("written", str(self.output)),
        ]

    def _rounded(self) -> list[tuple[str, str]]:
        if self.card["weights"] == "float32":
            return []
        changed = self.proof.labels_changed
        text = f"{self.card['weights']}, largest error of a weight {self.rounding:.3g}"
        return [("weights", f"{text}, {changed} labels changed")]

    def as_json(self) -> dict:
        """The report as JSON knows it."""
        found = asdict(self) | {
            "proof": self.proof._asdict(),
            "output": str(self.output),
        }
        if not math.isfinite(self.proof.largest):
            found["proof"]["largest"] = None
        found["passes"] = [step._asdict() for step in self.passes]
        return found | {"nodes": list(self.nodes), "bytes": list(self.bytes)}

    def passes_table(self) -> str:
        """What each graph pass did, as aligned columns."""
        rows = [("family", "pass", "changes", "nodes before", "after")]
        rows += [(p.family, p.name, *(f"{n:,}" for n in p[2:])) for p in self.passes]
        return "\n".join(f"{a:10}{b:24}{c:>8}{d:>14}{e:>8}" for a, b, c, d, e in rows)

    def __str__(self) -> str:
        width = max(len(what) for what, _ in self.rows())
        lines = [f"{what:<{width}}  {value}" for what, value in self.rows()]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])


def report_of(
    editor: GraphEditor,
    place: Path,
    size: int,
    card: dict,
    proof: Proof,
    *,
    passes: tuple[Applied, ...],
    doubts: list[str],
) -> Report:
    """The report of a graph that was frozen into `size` bytes at `place`."""
    source = editor.context.source
    return Report(
        output=place,
        inputs=described(editor, source.meta.graph_def),
        outputs={named(o): tf.as_dtype(editor.dtype(o)).name for o in editor.outputs},
        bound=all_bound(editor),
        removed={what: n for what, n in editor.removed.items() if n},
        nodes=(len(editor.original), len(editor.nodes) + 1),
        bytes=(sum(file.stat().st_size for file in source.files), size),
        proof=proof,
        fingerprint=card["fingerprint"],
        card=card,
        warnings=(*source.warnings, *dict.fromkeys(editor.warnings), *doubts),
        rounding=max(editor.context.rounding_errors.values(), default=0.0),
        passes=passes,
    )


def _listed(facts: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _counted(removed: dict[str, int]) -> str:
    return ", ".join(
        f"{count} {_plural(what) if count > 1 else what}"
        for what, count in removed.items()
    )


def _plural(what: str) -> str:
    """`summaries`, `updates of a variable`."""
    noun, space, rest = what.partition(" ")
    noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{noun}{space}{rest}" if rest != "normalization" else f"{what}s"


def all_bound(editor: GraphEditor) -> dict[str, float | bool]:
    """What was bound in the graph and in its functions, by tensor name."""
    found = {named(item): value for item, value in editor.bound.items()}
    for (function, node), value in editor.bound_inside.items():
        found[f"{function}/{node}:0"] = value
    return {name: value.item() for name, value in found.items()}


def described(editor: GraphEditor, graph_def: tf1.GraphDef) -> dict[str, str]:
    """The graph's inputs with their types and shapes, as noted where not stated."""
    noted = {n.name: n.attr["_output_shapes"] for n in graph_def.node if _is_noted(n)}
    found = {}
    for name in inputs_of(editor):
        node = editor.nodes[name]
        shape = tf.TensorShape(attribute(node, "shape").shape)
        if not shape.rank and name in noted:
            shape = tf.TensorShape(noted[name].list.shape[0])
        dtype = tf.as_dtype(editor.dtype(Edge(name, 0))).name
        found[f"{name}:0"] = f"{dtype} {_sizes(shape)}"
    return found


def _is_noted(node) -> bool:
    if node.op not in INPUTS or "_output_shapes" not in node.attr:
        return False
    return len(node.attr["_output_shapes"].list.shape) == 1


def _sizes(shape: tf.TensorShape) -> str:
    if shape.rank is None:
        return "of any shape"
    return "[" + ", ".join("N" if n is None else str(n) for n in shape) + "]"
