"""Complete the model card with what freezing knows."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from helpers.freezing.sources.checkpoint_values import Checkpoint
from helpers.freezing.sources.prefixes import value_files
from helpers.freezing.sources.source import Source
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.model_card import put_card

tf1 = tf.compat.v1
INPUTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


def inputs_of(editor: GraphEditor) -> list[str]:
    """The ops that have to be fed, or can be."""
    return [node.name for node in editor.nodes.values() if node.op in INPUTS]


def named(item: Edge) -> str:
    return f"{item.node}:{item.index}"


def completed(card: dict, editor: GraphEditor, found: Source) -> dict:
    """The card with inputs, outputs, and what has to run when it is loaded."""
    outputs = [named(item) for item in editor.outputs]
    inputs = [f"{name}:0" for name in inputs_of(editor)]
    facts: dict = {"output": outputs[0]}
    if len(outputs) > 1:
        facts["outputs"] = outputs
    if len(inputs) == 1:
        facts["input"] = inputs[0]
    elif inputs:
        facts["inputs"] = inputs
    made = facts | card
    if card.get("output") not in (None, *outputs):
        made["output"] = outputs[0]
    if editor.initialisers:
        made["initialisers"] = editor.initialisers
    return made | {"tensorflow": tf.__version__}


def with_names(card: dict, class_names: Sequence[str] | str | None) -> dict:
    if isinstance(class_names, str):
        class_names = class_names.split(",")
    return card | {"class_names": list(class_names)} if class_names else card


def origin(found: Source, checkpoint: Checkpoint | None) -> dict:
    """The hashes of the files that hold the values, and the global step."""
    files = value_files(found.prefix) if found.prefix else found.files
    step = checkpoint.global_step() if checkpoint else None
    return {
        "prefix": Path(found.name).name,
        "sha256": {path.name: _sha256(path) for path in files},
        "global_step": step,
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
