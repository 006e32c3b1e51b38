"""Complete the model card with what freezing knows."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.passes.context import Context
from helpers.freezing.sources.prefixes import value_files
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.model_card import put_card

INPUTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


def inputs_of(editor: GraphEditor) -> list[str]:
    """The ops that have to be fed, or can be."""
    return [node.name for node in editor.nodes.values() if node.op in INPUTS]


def named(item: Edge) -> str:
    return f"{item.node}:{item.index}"


def complete_card(
    card: dict,
    editor: GraphEditor,
    class_names: Sequence[str] | str | None,
    *,
    folded: bool,
    ema: bool,
) -> dict:
    """The card with inputs, outputs, initialisers and what was done to the weights."""
    outputs = [named(item) for item in editor.outputs]
    inputs = [f"{name}:0" for name in inputs_of(editor)]
    ends: dict = {"output": outputs[0]}
    if len(outputs) > 1:
        ends["outputs"] = outputs
    if len(inputs) == 1:
        ends["input"] = inputs[0]
    elif inputs:
        ends["inputs"] = inputs
    made = ends | card
    if card.get("output") not in (None, *outputs):
        made["output"] = outputs[0]
    if editor.initialisers:
        made["initialisers"] = editor.initialisers
    made["tensorflow"] = tf.__version__
    if isinstance(class_names, str):
        class_names = class_names.split(",")
    if class_names:
        made["class_names"] = list(class_names)
    made["weights"] = editor.context.dtype
    return made | {
        key: True for key, done in (("folded", folded), ("ema", ema)) if done
    }


def origin(context: Context) -> dict:
    """The hashes of the files that hold the values, and the global step."""
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


def card_node(card: dict):
    holder = tf1.GraphDef()
    put_card(holder, card)
    return holder.node[0]
