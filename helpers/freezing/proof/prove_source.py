"""Prove that a frozen graph answers as its source does."""

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.constant_propagation import set_scalar
from helpers.freezing.card_completion import named
from helpers.freezing.control_flow.functional import FOR_INFERENCE
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.vocabulary_files import inline_vocabularies
from helpers.freezing.passes.optional.narrow_weights import TYPES
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.keep_tables import keep_tables
from helpers.freezing.passes.prune.prune import (
    UPDATES,
    prune,
    prune_keeping_updates,
)
from helpers.freezing.proof.compare import Frozen, Original, Proof, prove, prove_call
from helpers.freezing.proof.run_graph import restored
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.op_registry import uses_onednn

ANY = 1e30  # of rounded weights: the difference is reported, and no reason to refuse
ROUNDED = 0.25  # the same where rounding cannot be repeated, so that a limit is needed
FOLDED = 1e-2
REORDERED = 1e-2  # oneDNN may add in another order in another session


def prove_source(editor: GraphEditor, frozen: Frozen) -> Proof:
    """Whether the frozen graph answers as the source of the editor's graph does.

    A graph whose weights are stored in 16 bits is compared with the source rounded
    alike, and has to be equal; then with the source as it is, to report the difference.
    """
    found, dtype = editor.context.source, editor.context.dtype
    rounding = TYPES[dtype] if dtype != "float32" else None
    folded = FOLDED if editor.removed["batch normalization"] else 0
    allowed = max(folded, REORDERED if uses_onednn() else 0)
    if found.call:
        allowed = max(allowed, REORDERED, ROUNDED if rounding else 0)
        asked = [named(item) for item in editor.asked]
        return prove_call(found.call, asked, frozen, tolerance=allowed)
    if rounding and not folded and found.prefix:
        proof = _prove(editor, frozen, rounding, tolerance=allowed)
        if proof.verdict not in ("exact", "close"):
            return proof
        allowed = ANY
    elif rounding:
        allowed = ROUNDED
    return _prove(editor, frozen, None, tolerance=allowed)


def _prove(editor: GraphEditor, frozen: Frozen, rounding, *, tolerance) -> Proof:
    """Run the source with its updates of variables; without, where the two part.

    Updates race with what reads the variables.
    """
    updates = editor.removed[UPDATES]
    if updates:
        original = _original(editor, rounding, updates=True)
        with_updates = prove(original, frozen, tolerance=tolerance)
        if with_updates.verdict in ("exact", "close"):
            return with_updates
    original = _original(editor, rounding, updates=False)
    proof = prove(original, frozen, tolerance=tolerance)
    if updates and proof.verdict != "unproven":
        differs = f"with them it differs by {with_updates.largest:g}"
        note = f"{proof.note}; without updates of variables, {differs}"
        proof = proof._replace(note=note)
    return proof


def _original(
    editor: GraphEditor, rounding: tf.DType | None, *, updates: bool
) -> Original:
    """The source's own graph, able to restore itself.

    Args:
      rounding: the dtype of 16 bits that the restored values are rounded to.
      updates: keep the ops that update variables.
    """
    context = editor.context
    own = GraphEditor.of(context.source.meta.graph_def, editor.asked)
    own.context = context
    cut_inputs(own)
    if updates:
        prune_keeping_updates(own)
    else:
        prune(own)
    keep_tables(own)
    inline_vocabularies(own)
    starts = []
    if context.source.prefix:
        starts = restored(own, context.values, context.places, rounding)
    fed = _bind(own, editor)
    starts += own.initialisers
    return Original(own.graph_def(), starts, own.outputs, fed)


def _bind(own: GraphEditor, editor: GraphEditor) -> dict[Edge, np.generic]:
    """Bind the constants that freezing bound; what else it bound is to be fed."""
    fed = {item: v for item, v in editor.bound.items() if item.node in own.nodes}
    for item in list(fed):
        if own.nodes[item.node].op == "Const":
            set_scalar(own.nodes[item.node], fed.pop(item))
    for (function, name), value in editor.bound_inside.items():
        body = own.functions.get(function.removesuffix(FOR_INFERENCE))
        for node in body.node_def if body else ():
            if node.name == name:
                set_scalar(node, value)
    return fed


def refuse_different(proof: Proof) -> None:
    """Raise FreezeError where the proof says that the answers differ."""
    if proof.verdict == "different":
        raise FreezeError(
            f"the frozen graph does not answer as the checkpoint does: {proof}",
            "nothing was written; please report the model's kind",
        )
