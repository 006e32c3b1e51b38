"""Completes the model card with what freezing knows."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.card_classes import class_fields
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.context import Context
from helpers.freezing.sources.prefixes import value_files
from helpers.freezing.sources.saved_model.signature_fields import signature_fields
from helpers.graphs.editor import GraphEditor
from helpers.graphs.model_card import CARD_OP, card_in
from helpers.graphs.wiring import PLACEHOLDERS


def valid_card(graph_def: tf1.GraphDef, where: object) -> dict:
    """The card in a graph; {}: it has none.

    Args:
      where: the graph's file, for the error message.
    Raises:
      FreezeError: it is not valid.
    """
    try:
        return card_in(graph_def, where) or {}
    except ValueError as error:
        raise FreezeError(
            str(error), f"put a valid card into the graph, or rename its op {CARD_OP!r}"
        ) from error


def complete_card(
    card: dict,
    editor: GraphEditor,
    class_names: Sequence[str] | str | None,
    *,
    folded: bool,
    ema: bool,
    plain: bool,
) -> dict:
    """The card with inputs, outputs, initialisers and the options of freezing added.

    Args:
      class_names: a sequence, a string with commas, or the path of a file with them;
        None keeps those of the card, or takes those of a file beside the source.
    """
    nodes = editor.nodes.values()
    outputs = [item.tensor for item in editor.outputs]
    inputs = [f"{node.name}:0" for node in nodes if node.op in PLACEHOLDERS]
    made: dict[str, Any] = {"output": outputs[0]}
    if len(outputs) > 1:
        made["outputs"] = outputs
    if len(inputs) == 1:
        made["input"] = inputs[0]
    elif inputs:
        made["inputs"] = inputs
    made |= card
    if card.get("output") not in (None, *outputs):
        made["output"] = outputs[0]
    if editor.initialisers:
        made["initialisers"] = editor.initialisers
    made["tensorflow"] = tf.__version__
    made |= signature_fields(editor.context.source, [*inputs, *outputs])
    made |= class_fields(card, editor, class_names)
    made["weights"] = editor.context.dtype
    if editor.context.batch_norms:
        made["inference_batch_norm"] = True
    options = {"folded": folded, "ema": ema, "plain": plain}
    return made | {name: True for name, given in options.items() if given}


def describe_source(context: Context) -> dict:
    """The prefix, the SHA-256 of the files with the values, and the global step."""
    source, values = context.source, context.values
    files = value_files(source.prefix) if source.prefix else source.files
    return {
        "prefix": Path(source.name).name,
        "sha256": {path.name: _sha256(path) for path in files},
        "global_step": values.global_step() if values else None,
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
