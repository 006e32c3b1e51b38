"""Compares the answers of a frozen graph with those of its checkpoint."""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.card_completion import valid_card
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.inference.average_batch_norms import average_batch_norms
from helpers.freezing.passes.optional.moving_averages import take_moving_averages
from helpers.freezing.passes.optional.narrow_weights import is_narrow
from helpers.freezing.passes.pipeline import UNTIL_CONSTANTS, apply_passes, make_editor
from helpers.freezing.proof.match_inputs import match_inputs, required_inputs
from helpers.freezing.proof.prove import FrozenGraph
from helpers.freezing.proof.prove_source import prove_source, refuse_to_run
from helpers.freezing.report import (
    Report,
    bound_values,
    describe_inputs,
    describe_outputs,
)
from helpers.freezing.sources.recognise import recognise
from helpers.freezing.sources.saved_model.signature_fields import signature_options
from helpers.freezing.sources.source import Source, content
from helpers.freezing.sources.source_options import SourceOptions
from helpers.graphs.candidates import output_candidates
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.fingerprint import fingerprint
from helpers.graphs.op_kinds import VARIABLE_OPS


def verify(model: str | Path, checkpoint: str | Path, **reading) -> Report:
    """Run a frozen graph and its checkpoint on the same inputs, and compare.

    Args:
      model: the frozen `.pb`, of any program.
      checkpoint: anything that `freeze` takes as its source, or a frozen graph.
      reading: fields of SourceOptions: meta, signature, tags, custom, trust.
    Returns:
      a report; its `proof.verdict` is "different" if the weights differ.
    Raises:
      FreezeError: the model is not frozen, the checkpoint cannot be read, they have no
        output in common, or it is not clear which of their inputs are the same.
    """
    path = Path(model)
    graph_def = _read_frozen(path)
    card = valid_card(graph_def, path)
    stated = {field: value for field, value in reading.items() if value}
    options = SourceOptions(**signature_options(card) | stated, frozen=True)
    source = recognise(checkpoint, options)
    outputs = _common_outputs(path, graph_def, card, source)
    narrow = {node.attr["dtype"].type for node in graph_def.node if is_narrow(node)}
    dtype = tf.as_dtype(narrow.pop()).name if len(narrow) == 1 else "float32"
    editor = make_editor(source, outputs, dtype)
    chosen = [take_moving_averages] if card.get("ema") else []
    chosen += [average_batch_norms] if card.get("inference_batch_norm") else []
    apply_passes(editor, UNTIL_CONSTANTS, options=chosen)
    editor.removed["batch normalization"] += card.get("folded", False)
    inputs = _renamed_inputs(graph_def, source, editor)
    frozen = FrozenGraph(path, card.get("initialisers", []), outputs, inputs)
    proof = refuse_to_run(graph_def) or prove_source(editor, frozen)
    warnings = list(source.warnings)
    found = fingerprint(graph_def)
    if card.get("fingerprint") not in (None, found):
        warnings.append("the card's fingerprint is that of another graph")
    pb = GraphEditor.of(graph_def, outputs)
    return Report(
        output=path,
        inputs=describe_inputs(pb, source.meta.graph_def),
        outputs=describe_outputs(pb),
        bound=bound_values(editor),
        removed={},
        nodes=(len(source.meta.graph_def.node), len(graph_def.node)),
        bytes=(sum(f.stat().st_size for f in source.files), path.stat().st_size),
        proof=proof,
        fingerprint=found,
        card={"weights": "float32"} | card,
        warnings=tuple(warnings),
        is_written=False,
    )


def _renamed_inputs(
    graph_def: tf1.GraphDef, source: Source, editor: GraphEditor
) -> dict[str, str]:
    """The inputs that have other names in both graphs: source's tensor -> frozen's."""
    known = {node.name for node in source.meta.graph_def.node}
    wanted = required_inputs(graph_def)
    found = required_inputs(editor.graph_def())
    found |= {name: spec for name, spec in wanted.items() if name in known}
    matched = match_inputs(wanted, found)
    return {f"{theirs}:0": f"{ours}:0" for ours, theirs in matched.items()}


def _read_frozen(path: Path) -> tf1.GraphDef:
    if not path.is_file():
        raise FreezeError(f"there is no file {path}", "give a frozen .pb")
    found = content(path)
    if not isinstance(found.message, tf1.GraphDef):
        raise FreezeError(
            f"{path} is no frozen graph, but {found.what}", "give a frozen .pb"
        )
    if any(node.op in VARIABLE_OPS for node in found.message.node):
        raise FreezeError(
            f"{path} is not frozen: it still holds variables",
            "freeze it first: python -m helpers freeze",
        )
    return found.message


def _common_outputs(
    path: Path, graph_def: tf1.GraphDef, card: dict, source: Source
) -> list[Edge]:
    """The outputs of the frozen graph that the source's graph has, too.

    Taken from the card, else from the ops that no other op reads, else guessed.
    """
    names = {node.name for node in graph_def.node}
    common = names & {node.name for node in source.meta.graph_def.node}
    stored = card.get("outputs") or ([card["output"]] if "output" in card else [])
    outputs = [Edge.parse(name) for name in stored] or _unread_ops(graph_def)
    likeliest = [Edge.parse(item.tensor) for item in output_candidates(graph_def)[:1]]
    for items in (outputs, likeliest):
        if found := [item for item in items if item.node in common]:
            return found
    raise FreezeError(
        f"{path} and the checkpoint's graph have no output of the same name: "
        f"{', '.join(str(item) for item in outputs[:5])}",
        "give the checkpoint that it was frozen from",
    )


def _unread_ops(graph_def: tf1.GraphDef) -> list[Edge]:
    read = {Edge.parse(text).node for node in graph_def.node for text in node.input}
    return [
        Edge(node.name, 0)
        for node in graph_def.node
        if node.name not in read and node.op not in ("Const", "NoOp", "Placeholder")
    ]
