"""Bring a source and its frozen graph together for the proof."""

import numpy as np
import tensorflow as tf

from helpers.freezing.branches import FOR_INFERENCE
from helpers.freezing.completing import named
from helpers.freezing.cutting import cut_inputs
from helpers.freezing.drafts import Draft, Edge
from helpers.freezing.evaluating import set_scalar
from helpers.freezing.lookups import keep_tables
from helpers.freezing.proof import Frozen, Original, Proof, prove, prove_call
from helpers.freezing.pruning import UPDATES, WITHOUT_VALUE, prune
from helpers.freezing.registry import uses_onednn
from helpers.freezing.running import restored
from helpers.freezing.sources import Source
from helpers.freezing.values import Checkpoint
from helpers.freezing.vocabularies import inline_vocabularies

ROUNDED = 1e30  # of 16 bits: any finite difference is reported, not refused
FOLDED = 1e-2
REORDERED = 1e-2  # oneDNN may add in another order in another session


def prove_source(
    found: Source, draft: Draft, saved: dict, frozen: Frozen, *, rounded: bool = False
) -> Proof:
    """Whether the frozen graph answers as its source does.

    The source's graph runs with its updates of variables, and again without them if
    that is where the two part: updates race with what reads the variables.
    """
    allowed = ROUNDED if rounded else tolerance(draft)
    if found.call:
        asked = [named(item) for item in draft.asked]
        return prove_call(found.call, asked, frozen, tolerance=max(allowed, REORDERED))
    checkpoint = Checkpoint(found.prefix) if found.prefix else None
    proof = None
    if draft.removed[UPDATES]:
        original = _original(found, draft, checkpoint, saved, updates=True)
        proof = prove(original, frozen, tolerance=allowed)
        if proof.verdict in ("exact", "close"):
            return proof
    original = _original(found, draft, checkpoint, saved, updates=False)
    proof = prove(original, frozen, tolerance=allowed)
    if draft.removed[UPDATES] and proof.verdict != "unproven":
        proof = proof._replace(note=f"{proof.note}; without updates of variables")
    return proof


def tolerance(draft: Draft) -> float:
    """The largest difference that is called close; 0 where nothing was rounded."""
    types = {weight.dtype for weight in draft.weights.values()}
    if types & {tf.float16, tf.bfloat16}:
        return ROUNDED
    if draft.removed["batch normalization"]:
        return FOLDED
    return REORDERED if uses_onednn() else 0


def _original(
    found: Source, draft: Draft, checkpoint, saved, *, updates: bool
) -> Original:
    own = Draft.of(found.meta.graph_def, draft.asked)
    everything = dict(own.nodes)
    cut_inputs(own)
    kinds = {
        k: ops for k, ops in WITHOUT_VALUE.items() if not (updates and k == UPDATES)
    }
    prune(own, kinds)
    keep_tables(own, everything)
    inline_vocabularies(own, found)
    starts = restored(own, checkpoint, saved) if checkpoint else []
    fed = _bind(own, draft)
    return Original(own.graph_def(), starts + own.initialisers, own.outputs, fed)


def _bind(own: Draft, draft: Draft) -> dict[Edge, np.generic]:
    """Bind the constants that freezing bound; what else it bound is to be fed."""
    fed = {item: v for item, v in draft.bound.items() if item.node in own.nodes}
    for item in list(fed):
        if own.nodes[item.node].op == "Const":
            set_scalar(own.nodes[item.node], fed.pop(item))
    for (function, name), value in draft.bound_inside.items():
        body = own.functions.get(function.removesuffix(FOR_INFERENCE))
        for node in body.node_def if body else ():
            if node.name == name:
                set_scalar(node, value)
    return fed
