"""The report on a frozen graph, for the command line's table and its --json."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.passes.pipeline import Applied
from helpers.freezing.proof.compare import Proof
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import attribute
from helpers.graphs.tensor_text import sizes_of, sizes_text
from helpers.graphs.wiring import PLACEHOLDERS


@dataclass(frozen=True)
class Report:
    """What was frozen, the changes to the graph, and the result of the proof."""

    output: Path
    inputs: dict[str, str]  # tensor -> type and shape
    outputs: dict[str, str]  # tensor -> type
    bound: dict[str, float | bool]  # tensor -> the value it is fixed at for inference
    removed: dict[str, int]  # kind of node -> number
    nodes: tuple[int, int]  # before, after
    bytes: tuple[int, int]  # of the source's files, of the frozen graph
    proof: Proof
    fingerprint: str
    card: dict
    warnings: tuple[str, ...] = ()
    rounding: float = 0.0  # the largest error of a weight in 16 bits
    passes: tuple[Applied, ...] = ()
    is_written: bool = True  # False: the file was there before, and only compared

    def rows(self) -> list[tuple[str, str]]:
        """The rows of the table: label and value."""
        return [
            ("inputs", _listed(self.inputs)),
            ("outputs", _listed(self.outputs)),
            ("fixed values", _listed(self.bound) or "none"),
            ("removed", _counted(self.removed) or "none"),
            ("nodes", f"{self.nodes[0]:,} -> {self.nodes[1]:,}"),
            ("MB", f"{self.bytes[0] / 1e6:.1f} -> {self.bytes[1] / 1e6:.1f}"),
            *self._rounding_rows(),
            ("proof", str(self.proof)),
            ("fingerprint", self.fingerprint),
            *([("written", self._written())] if self.is_written else []),
        ]

    def _written(self) -> str:
        if self.card.get("plain"):
            return f"{self.output}, its card {self.output.with_suffix('.json')}"
        return str(self.output)

    def _rounding_rows(self) -> list[tuple[str, str]]:
        if self.card["weights"] == "float32":
            return []
        changed = self.proof.labels_changed
        text = f"{self.card['weights']}, largest error of a weight {self.rounding:.3g}"
        return [("weights", f"{text}, {changed} labels changed")]

    def as_json(self) -> dict:
        """The report in types that JSON has; an infinite difference is None."""
        proof = self.proof._asdict()
        if not math.isfinite(proof["largest"]):
            proof["largest"] = None
        passes = [step._asdict() for step in self.passes]
        changed = {"output": str(self.output), "proof": proof, "passes": passes}
        return asdict(self) | changed

    def passes_table(self) -> str:
        """The changes of each graph pass, as aligned columns."""
        rows = [("family", "pass", "changes", "nodes before", "after")]
        for step in self.passes:
            changes, before, after = (f"{number:,}" for number in step[2:])
            rows.append((step.family, step.name, changes, before, after))
        return "\n".join(f"{a:10}{b:24}{c:>8}{d:>14}{e:>8}" for a, b, c, d, e in rows)

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows())
        lines = [f"{label:<{width}}  {value}" for label, value in self.rows()]
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
    """The report on a graph that was frozen to `size` bytes at `place`.

    Args:
      doubts: more warnings, after those of the source and the editor.
    """
    source = editor.context.source
    return Report(
        output=place,
        inputs=describe_inputs(editor, source.meta.graph_def),
        outputs=describe_outputs(editor),
        bound=bound_values(editor),
        removed={what: n for what, n in editor.removed.items() if n},
        nodes=(len(editor.original), len(editor.nodes) + (not card.get("plain"))),
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
    """The plural of a kind of node: `summaries`, `updates of a variable`."""
    noun, space, rest = what.partition(" ")
    noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{noun}{space}{rest}" if rest != "normalization" else f"{what}s"


def bound_values(editor: GraphEditor) -> dict[str, float | bool]:
    """The values of the bound tensors, in functions too, by tensor name."""
    found = {item.tensor: value for item, value in editor.bound.items()}
    for (function, node), value in editor.bound_inside.items():
        found[f"{function}/{node}:0"] = value
    return {name: value.item() for name, value in found.items()}


def describe_inputs(editor: GraphEditor, graph_def: tf1.GraphDef) -> dict[str, str]:
    """The type and shape of each placeholder, by tensor name.

    Args:
      graph_def: the source's graph, whose `_output_shapes` are used for placeholders
        that have no shape.
    """
    hints = {
        node.name: node.attr["_output_shapes"].list.shape[0]
        for node in graph_def.node
        if node.op in PLACEHOLDERS
        and "_output_shapes" in node.attr
        and len(node.attr["_output_shapes"].list.shape) == 1
    }
    found = {}
    for node in editor.nodes.values():
        if node.op in PLACEHOLDERS:
            shape = tf.TensorShape(attribute(node, "shape").shape)
            if not shape.rank and node.name in hints:
                shape = tf.TensorShape(hints[node.name])
            dtype = tf.as_dtype(editor.dtype(Edge(node.name, 0))).name
            found[f"{node.name}:0"] = f"{dtype} {sizes_text(sizes_of(shape))}"
    return found


def describe_outputs(editor: GraphEditor) -> dict[str, str]:
    """The type of each output, by tensor name."""
    outputs = editor.outputs
    return {item.tensor: tf.as_dtype(editor.dtype(item)).name for item in outputs}
