"""Freeze a checkpoint without a session, and prove that it answers as before.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from helpers.freezing.card_completion import (
    card_node,
    completed,
    named,
    origin,
    with_names,
)
from helpers.freezing.cleanup_process import cleanup_process
from helpers.freezing.errors import FreezeError
from helpers.freezing.outputs import find_outputs
from helpers.freezing.passes.constants.assignments import (
    follow_assignments,
    rewrite_assignments,
)
from helpers.freezing.passes.constants.lookup_tables import keep_tables, restore_tables
from helpers.freezing.passes.constants.pass_values import pass_values
from helpers.freezing.passes.constants.variable_reads import rewrite
from helpers.freezing.passes.constants.variables_to_constants import (
    check_size,
    lift_constants,
    make_constants,
)
from helpers.freezing.passes.constants.vocabulary_files import inline_vocabularies
from helpers.freezing.passes.inference.bind_dropouts import bind_dropouts
from helpers.freezing.passes.inference.bind_switches import bind_switches
from helpers.freezing.passes.inference.inline_functions import inline_calls
from helpers.freezing.passes.inference.simplify import simplify
from helpers.freezing.passes.optional.fold_batch_norms import fold_batch_norms
from helpers.freezing.passes.optional.moving_averages import averaged, offer
from helpers.freezing.passes.optional.narrow_weights import TYPES, narrow
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.prune import WITHOUT_EFFECT, prune
from helpers.freezing.preflight import preflight
from helpers.freezing.proof.compare import Frozen, Proof
from helpers.freezing.proof.prove_source import prove_source
from helpers.freezing.report import Report, all_bound, described
from helpers.freezing.sources.checkpoint_values import Checkpoint, saved_names
from helpers.freezing.sources.recognise import recognise
from helpers.freezing.sources.source import Source
from helpers.freezing.warnings import warn
from helpers.freezing.writing import append_node, beside, write
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.fingerprint import Fingerprint
from helpers.graphs.model_card import CARD_OP, card_in

tf1 = tf.compat.v1


def freeze(
    source: str | Path,
    *,
    meta: str | Path | None = None,
    outputs: Sequence[str] | str | None = None,
    output: str | Path | None = None,
    weights: str = "float32",
    class_names: Sequence[str] | str | None = None,
    fold: bool = False,
    ema: bool = False,
    prove: bool = True,
) -> Report:
    """Write what `outputs` need of a checkpoint as one file, the weights inside.

    Args:
      source: a prefix, a folder, any of a checkpoint's files, a SavedModel, a Keras
        model.
      meta: the graph's file, where it is not beside the checkpoint.
      outputs: op names, with or without `:0`; found where none are given.
      output: where to write; default: beside the source.
      weights: "float32", "float16" or "bfloat16".
      class_names: for the model card.
      fold: multiply batch normalization into the weights before it.
      ema: take the moving averages of the weights.
      prove: run both graphs and compare before the file gets its name.
    Raises:
      FreezeError: the source is not what it should be, or the frozen graph does not
        answer as the checkpoint does; nothing is written then.
    """
    if weights not in TYPES:
        raise FreezeError(
            f"no such weights: {weights!r}", f"choose of {', '.join(TYPES)}"
        )
    found = recognise(source, meta)
    checkpoint = Checkpoint(found.prefix) if found.prefix else found.captured
    card = card_in(found.meta.graph_def) or {}
    wanted = find_outputs(found.meta, outputs, card)
    saved = places(found, checkpoint, ema=ema)

    editor = inference_part(found, wanted)
    make_constant(editor, found, checkpoint, saved)
    if fold:
        fold_batch_norms(editor)
    errors = narrow(editor, weights)
    check_size(editor, weights)
    doubts = preflight(editor)
    warn(editor, offer(editor, checkpoint, ema))
    card = with_names(completed(card, editor, found), class_names) | {
        "weights": weights
    }
    card |= {what: True for what, asked in (("folded", fold), ("ema", ema)) if asked}

    place = Path(output) if output else Path(f"{found.name}.pb")
    with beside(place) as path, cleanup_process(path), ThreadPoolExecutor(1) as hashing:
        origins = hashing.submit(origin, found, checkpoint)
        fingerprint = Fingerprint()
        write(editor, path, fingerprint)
        card |= {"checkpoint": origins.result(), "fingerprint": fingerprint.hexdigest()}
        append_node(path, card_node(card))
        proof = Proof("unproven", 0, "not asked for")
        if prove:
            frozen = Frozen(path, editor.initialisers, editor.outputs)
            rounding = TYPES[weights] if weights != "float32" else None
            proof = prove_source(found, editor, saved, frozen, rounding)
            _insist(proof)
        size = path.stat().st_size
    return Report(
        output=place,
        inputs=described(editor, found.meta.graph_def),
        outputs={named(o): tf.as_dtype(editor.dtype(o)).name for o in editor.outputs},
        bound=all_bound(editor),
        removed={what: n for what, n in editor.removed.items() if n},
        nodes=(len(found.meta.graph_def.node), len(editor.nodes) + 1),
        bytes=(sum(file.stat().st_size for file in found.files), size),
        proof=proof,
        fingerprint=card["fingerprint"],
        card=card,
        warnings=(
            *found.warnings,
            *dict.fromkeys(editor.warnings),
            *(doubts if proof.verdict == "unproven" else ()),
        ),
        rounding=max(errors.values(), default=0.0),
    )


def places(found: Source, checkpoint: Checkpoint | None, *, ema: bool) -> dict:
    """Where the value of each variable is in the checkpoint."""
    nodes = {node.name: node for node in found.meta.graph_def.node}
    saved = saved_names(nodes, found.meta.saver_def.restore_op_name)
    return averaged(saved, nodes, checkpoint) if ema else saved


def inference_part(found: Source, wanted: list[Edge]) -> GraphEditor:
    """What inference needs of the graph: cut, pruned, bound and folded."""
    editor = GraphEditor.of(found.meta.graph_def, wanted)
    editor.nodes.pop(CARD_OP, None)
    cut_inputs(editor)
    prune(editor, WITHOUT_EFFECT)
    follow_assignments(editor)
    prune(editor)
    inline_calls(editor)
    bind_switches(editor)
    simplify(editor)
    bind_dropouts(editor)
    simplify(editor)
    keep_tables(editor, {node.name: node for node in found.meta.graph_def.node})
    return editor


def make_constant(editor: GraphEditor, found: Source, checkpoint, saved) -> None:
    """Rewrite the graph to constants and operations on values only."""
    pass_values(editor)
    rewrite_assignments(editor)
    rewrite(editor)
    inline_vocabularies(editor, found)
    restore_tables(editor, checkpoint)
    if checkpoint:
        make_constants(editor, checkpoint, saved)
    else:
        lift_constants(editor)
    prune(editor)


def _insist(proof: Proof) -> None:
    if proof.verdict == "different":
        raise FreezeError(
            f"the frozen graph does not answer as the checkpoint does: {proof}",
            "nothing was written; please report the model's kind",
        )
