"""Prove that a frozen graph answers as its source does, a checkpoint or a model."""

from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.analysis.constant_propagation import set_scalar
from helpers.freezing.control_flow.functional import FOR_INFERENCE
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.vocabulary_files import inline_vocabularies
from helpers.freezing.passes.inference.average_batch_norms import switch_batch_norms
from helpers.freezing.passes.optional.narrow_weights import TYPES
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.keep_tables import keep_tables
from helpers.freezing.passes.prune.prune import UPDATES, prune, prune_keeping_updates
from helpers.freezing.proof.compare import Proof
from helpers.freezing.proof.own_graph import own_graph
from helpers.freezing.proof.prove import FrozenGraph, OriginalGraph, prove, prove_call
from helpers.freezing.proof.restore_ops import add_restore_ops
from helpers.freezing.proof.switched_batch_norms import inline_batch_norms, prove_switch
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import uses_onednn
from helpers.graphs.unsafe_ops import lasting_ops

# The differences that are called close, as shares of the largest output.
UNLIMITED = 1e30  # rounded weights: the difference is reported, never refused
ROUNDED = 0.25  # rounded weights whose rounding the proof cannot repeat
FOLDED = 1e-2  # batch normalization multiplied into the weights
REORDERED = 1e-2  # oneDNN may add in another order in another session


def prove_source(editor: GraphEditor, frozen: FrozenGraph) -> Proof:
    """Run the source of the editor's graph and the frozen graph, and compare.

    Weights stored in 16 bits are compared twice: with the source's weights rounded
    alike, where the outputs have to be equal; then with the source as it is, to report
    the difference. A graph whose run changes more than its own state is not run.
    """
    if refused := refuse_to_run(editor.graph_def()):
        return refused
    proof = _compare_with_source(editor, frozen)
    if editor.context.batch_norms and proof.verdict in ("exact", "close"):
        return _prove_switched(editor, proof)
    return proof


def refuse_to_run(graph_def: tf1.GraphDef) -> Proof | None:
    """The proof of a graph that is not to be run; None: it may be."""
    if found := lasting_ops(graph_def):
        return Proof("unproven", 0, f"the graph is not run, because {found[0]}")
    return None


def _compare_with_source(editor: GraphEditor, frozen: FrozenGraph) -> Proof:
    source, dtype = editor.context.source, editor.context.dtype
    rounding = TYPES[dtype] if dtype != "float32" else None
    folded = FOLDED if editor.removed["batch normalization"] else 0
    tolerance = max(folded, REORDERED if uses_onednn() else 0)
    if source.call:
        tolerance = max(tolerance, REORDERED, ROUNDED if rounding else 0)
        outputs = [item.tensor for item in editor.requested_outputs]
        return prove_call(source.call, outputs, frozen, tolerance=tolerance)
    if rounding and not folded and source.prefix:
        proof = _prove(editor, frozen, rounding, tolerance)
        if proof.verdict not in ("exact", "close"):
            return proof
        tolerance = UNLIMITED
    elif rounding:
        tolerance = ROUNDED
    if source.own and (original := own_graph(editor)):
        proof = _prove_harmless(original, frozen, tolerance)
        if proof.verdict != "unproven":
            return proof
    return _prove(editor, frozen, None, tolerance)


def _prove(
    editor: GraphEditor,
    frozen: FrozenGraph,
    rounding: tf.DType | None,
    tolerance: float,
) -> Proof:
    """Compare with the source; if that fails, with the source without its updates.

    Ops that update variables race with the ops that read them.
    """
    updates = editor.removed[UPDATES]
    if updates:
        original = _original(editor, rounding, keep_updates=True)
        with_updates = _prove_harmless(original, frozen, tolerance)
        if with_updates.verdict in ("exact", "close"):
            return with_updates
    proof = _prove_harmless(_original(editor, rounding), frozen, tolerance)
    if updates and proof.verdict != "unproven":
        differs = f"with them it differs by {with_updates.largest:g}"
        if with_updates.verdict == "unproven":
            differs = f"for {with_updates.note}"
        note = f"{proof.note}; without updates of variables, {differs}"
        proof = proof._replace(note=note)
    return proof


def _prove_harmless(
    original: OriginalGraph, frozen: FrozenGraph, tolerance: float
) -> Proof:
    """The proof; without a run, if the original graph has ops with lasting effects."""
    refused = refuse_to_run(original.graph_def)
    return refused or prove(original, frozen, tolerance=tolerance)


def _prove_switched(editor: GraphEditor, proof: Proof) -> Proof:
    """The proof, with what it compared where batch norms take moving averages.

    Its verdict is "different" if the switch changed more than the statistics.
    """
    norms = editor.context.batch_norms
    before, after = _original(editor, None, switch=False), _original(editor, None)
    switch = prove_switch(before, after, norms)
    note = f"{proof.note}; in it {len(norms)} batch norms take their moving averages"
    if switch.verdict == "unproven":
        return proof._replace(note=f"{note}, which is unproven: {switch.note}")
    how = "given the batch's own statistics instead it differs from the graph as saved"
    note = f"{note}, and {how} by {switch.largest:.2g}"
    if switch.verdict == "different":
        return switch._replace(note=note)
    return proof._replace(note=note)


def _original(
    editor: GraphEditor,
    rounding: tf.DType | None,
    *,
    keep_updates: bool = False,
    switch: bool = True,
) -> OriginalGraph:
    """The source's own graph, pruned, with ops that restore its variables.

    Args:
      rounding: the dtype of 16 bits that the restored values are rounded to.
      keep_updates: keep the ops that update variables.
      switch: switch the batch norms that freezing switched to their moving averages.
    """
    context = editor.context
    own = GraphEditor.of(context.source.meta.graph_def, editor.requested_outputs)
    own.context = context
    cut_inputs(own)
    if keep_updates:
        prune_keeping_updates(own)
    else:
        prune(own)
    inline_batch_norms(own, context.batch_norms)
    averages = switch_batch_norms(own, context.batch_norms) if switch else {}
    keep_tables(own)
    inline_vocabularies(own)
    initialisers = []
    if context.source.prefix:
        initialisers = [add_restore_ops(own, context.values, context.places, rounding)]
    bound = _bind(own, editor)
    initialisers += own.initialisers
    return OriginalGraph(own.graph_def(), initialisers, own.outputs, bound, averages)


def _bind(own: GraphEditor, editor: GraphEditor) -> dict[Edge, Any]:
    """Set the constants that freezing bound, and return what else has to be fed."""
    fed = {}
    for item, value in editor.bound.items():
        node = own.nodes.get(item.node)
        if node is not None and node.op == "Const":
            set_scalar(node, value)
        elif node is not None:
            fed[item] = value
    for (function, name), value in editor.bound_inside.items():
        body = own.functions.get(function.removesuffix(FOR_INFERENCE))
        for node in body.node_def if body else ():
            if node.name == name:
                set_scalar(node, value)
    return fed


def refuse_different(proof: Proof) -> None:
    """Raise FreezeError if the frozen graph's outputs differ from its source's."""
    if proof.verdict == "different":
        raise FreezeError(
            f"the frozen graph does not answer as the checkpoint does: {proof}",
            "nothing was written; please report the model's kind",
        )
