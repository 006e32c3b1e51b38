"""Freeze a checkpoint without a session, and prove that it answers as before.

Taught in notebooks/03_freeze_the_graph.ipynb.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from helpers.cards import CARD_OP, card_in, put_card
from helpers.freezing.averages import averaged
from helpers.freezing.binding import bind
from helpers.freezing.constants import make_constants
from helpers.freezing.drafts import Draft
from helpers.freezing.errors import FreezeError
from helpers.freezing.fingerprint import Fingerprint
from helpers.freezing.functions import inline_calls
from helpers.freezing.outputs import find_outputs
from helpers.freezing.prefixes import readable, value_files
from helpers.freezing.preflight import preflight
from helpers.freezing.proof import Frozen, Original, Proof, prove
from helpers.freezing.pruning import prune
from helpers.freezing.report import Report
from helpers.freezing.rewriting import rewrite
from helpers.freezing.running import restored
from helpers.freezing.simplifying import simplify
from helpers.freezing.sources import Source, recognise
from helpers.freezing.values import Checkpoint, saved_names
from helpers.freezing.weights import narrow
from helpers.freezing.writing import append_node, beside, write

tf1 = tf.compat.v1


def freeze(
    source: str | Path,
    *,
    meta: str | Path | None = None,
    outputs: Sequence[str] | str | None = None,
    output: str | Path | None = None,
    weights: str = "float32",
    class_names: Sequence[str] | None = None,
    fold: bool = False,
    ema: bool = False,
    prove_it: bool = True,
) -> Report:
    """Write what `outputs` need of a checkpoint as one file, weights inside.

    Raises:
      FreezeError: the source is not what it should be, or the frozen graph does not
        answer as the checkpoint does; nothing is written then.
    """
    found = recognise(source, meta)
    card = card_in(found.meta.graph_def) or {}
    nodes = {node.name: node for node in found.meta.graph_def.node}
    wanted = find_outputs(found.meta, outputs, card)
    draft = Draft.of(found.meta.graph_def, wanted)
    draft.nodes.pop(CARD_OP, None)
    checkpoint = Checkpoint(readable(found.prefix))
    saved = saved_names(nodes, found.meta.saver_def.restore_op_name)
    if ema:
        saved = averaged(saved, checkpoint)

    prune(draft)
    inline_calls(draft)
    bind(draft)
    simplify(draft)
    rewrite(draft)
    make_constants(draft, checkpoint, saved)
    errors = narrow(draft, weights)
    doubts = preflight(draft)

    original = _original(found, draft, checkpoint, saved)
    place = Path(output) if output else Path(f"{found.name}.pb")
    with beside(place) as path:
        fingerprint = Fingerprint()
        write(draft, path, fingerprint)
        card = _completed(card, draft, found, weights, class_names)
        card["fingerprint"] = fingerprint.hexdigest()
        append_node(path, _card_node(card))
        proof = prove(original, Frozen(path, draft.initialisers, draft.outputs))
        _insist(proof, weights)
        size = path.stat().st_size
    return Report(
        output=place,
        inputs={
            n.name: _described(n) for n in draft.nodes.values() if n.op == "Placeholder"
        },
        outputs={str(o): tf.as_dtype(draft.dtype(o)).name for o in draft.outputs},
        bound={str(item): value.item() for item, value in draft.bound.items()},
        removed={what: n for what, n in draft.removed.items() if n},
        nodes=(len(found.meta.graph_def.node), len(draft.nodes) + 1),
        bytes=(sum(file.stat().st_size for file in found.files), size),
        proof=proof,
        fingerprint=card["fingerprint"],
        card=card,
        warnings=tuple([*found.warnings, *draft.warnings, *doubts]),
    )


def _original(found: Source, draft: Draft, checkpoint, saved) -> Original:
    own = Draft.of(found.meta.graph_def, draft.outputs)
    prune(own)
    starts = restored(own, checkpoint, saved)
    return Original(own.graph_def(), starts, own.outputs, draft.bound)


def _insist(proof: Proof, weights: str) -> None:
    if proof.verdict == "different" and weights == "float32":
        raise FreezeError(
            f"the frozen graph does not answer as the checkpoint does: {proof}",
            "please report this; nothing was written",
        )


def _described(node) -> str:
    dtype = tf.as_dtype(node.attr["dtype"].type).name
    shape = tf.TensorShape(node.attr["shape"].shape)
    return f"{dtype} {shape}"


def _completed(card, draft: Draft, found: Source, weights, class_names) -> dict:
    (first, *_) = [str(item) for item in draft.outputs]
    inputs = [node.name for node in draft.nodes.values() if node.op == "Placeholder"]
    facts = {"output": f"{first}:0" if ":" not in first else first}
    if len(inputs) == 1:
        facts["input"] = f"{inputs[0]}:0"
    made = facts | card
    if class_names:
        made["class_names"] = list(class_names)
    if draft.initialisers:
        made["initialisers"] = draft.initialisers
    return made | {
        "checkpoint": {
            "prefix": Path(found.name).name,
            "sha256": {f.name: _sha256(f) for f in value_files(found.prefix)},
            "global_step": _global_step(readable(found.prefix)),
        },
        "tensorflow": tf.__version__,
        "weights": weights,
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _global_step(prefix: str) -> int | None:
    reader = tf1.train.NewCheckpointReader(prefix)
    for key in reader.get_variable_to_shape_map():
        if key.split("/")[-1] == "global_step":
            return int(reader.get_tensor(key))
    return None


def _card_node(card: dict):
    holder = tf1.GraphDef()
    put_card(holder, card)
    return holder.node[0]
