"""Compare the answers of any frozen graph with those of its checkpoint."""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.card_completion import named
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import VARIABLES
from helpers.freezing.passes.optional.moving_averages import take_moving_averages
from helpers.freezing.passes.optional.narrow_weights import is_narrow
from helpers.freezing.passes.pipeline import UNTIL_CONSTANTS, apply_passes, start
from helpers.freezing.proof.compare import Frozen
from helpers.freezing.proof.prove_source import prove_source
from helpers.freezing.report import Report, all_bound, described
from helpers.freezing.sources.recognise import recognise
from helpers.freezing.sources.source import Source, content
from helpers.graphs.candidates import output_candidates
from helpers.graphs.editor import Edge, GraphEditor, edge
from helpers.graphs.fingerprint import fingerprint
from helpers.graphs.model_card import card_in


def verify(
    model: str | Path, checkpoint: str | Path, *, meta: str | Path | None = None
) -> Report:
    """Run a frozen graph and its checkpoint on the same inputs and compare.

    Returns:
      a report whose `proof.verdict` is "different" for a stale `.pb`.
    Raises:
      FreezeError: one of both is not what it should be.
    """
    path = Path(model)
    graph_def = _frozen(path)
    found = recognise(checkpoint, meta)
    card = card_in(graph_def) or {}
    outputs = _outputs(path, graph_def, card, found)
    narrow = {node.attr["dtype"].type for node in graph_def.node if is_narrow(node)}
    dtype = tf.as_dtype(narrow.pop()).name if len(narrow) == 1 else "float32"
    editor = start(found, outputs, dtype)
    taken = [take_moving_averages] if card.get("ema") else []
    apply_passes(editor, UNTIL_CONSTANTS, options=taken)
    editor.removed["batch normalization"] += card.get("folded", False)
    proof = prove_source(editor, Frozen(path, card.get("initialisers", []), outputs))
    pb = GraphEditor.of(graph_def, outputs)
    return Report(
        output=path,
        inputs=described(pb, found.meta.graph_def),
        outputs={named(o): tf.as_dtype(pb.dtype(o)).name for o in outputs},
        bound=all_bound(editor),
        removed={},
        nodes=(len(found.meta.graph_def.node), len(graph_def.node)),
        bytes=(sum(f.stat().st_size for f in found.files), path.stat().st_size),
        proof=proof,
        fingerprint=fingerprint(graph_def),
        card={"weights": "float32"} | card,
        warnings=(*found.warnings, *_stale(card, graph_def)),
    )


def _frozen(path: Path) -> tf1.GraphDef:
    if not path.is_file():
        raise FreezeError(f"there is no file {path}", "give a frozen .pb")
    found = content(path)
    if found.kind != "GraphDef":
        raise FreezeError(
            f"{path} is no frozen graph, but {found.what}", "give a frozen .pb"
        )
    if any(node.op in VARIABLES for node in found.message.node):
        raise FreezeError(
            f"{path} is not frozen: it still holds variables",
            f"freeze it: python -m helpers freeze {path}",
        )
    return found.message


def _outputs(path: Path, graph_def, card: dict, found: Source) -> list[Edge]:
    """The outputs of the frozen graph that the checkpoint's graph has too."""
    names = {node.name for node in graph_def.node}
    nodes = {node.name for node in found.meta.graph_def.node}
    said = card.get("outputs") or ([card["output"]] if "output" in card else [])
    items = [edge(name) for name in said] or _ends(graph_def)
    both = [item for item in items if item.node in names & nodes]
    likeliest = [edge(item.tensor) for item in output_candidates(graph_def)[:1]]
    both = both or [item for item in likeliest if item.node in nodes]
    if not both:
        raise FreezeError(
            f"{path} and the checkpoint's graph have no output of the same name: "
            f"{', '.join(str(item) for item in items[:5])}",
            "give the checkpoint that it was frozen from",
        )
    return both


def _ends(graph_def) -> list[Edge]:
    """The ops that no other op takes."""
    taken = {edge(text).node for node in graph_def.node for text in node.input}
    loose = [node for node in graph_def.node if node.name not in taken]
    return [
        Edge(n.name, 0) for n in loose if n.op not in ("Const", "NoOp", "Placeholder")
    ]


def _stale(card: dict, graph_def) -> list[str]:
    if card.get("fingerprint") not in (None, fingerprint(graph_def)):
        return ["the graph is not the one that its card's fingerprint is of"]
    return []
