"""Trains the checkpoint of notebook 01 in seconds, for notebooks run without it."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.data.photos import batches, drawn_examples
from helpers.graphs.model_card import card_in
from helpers.training.folder_lock import locked_folder
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build

LESSON_CARD: dict = {
    "network": "small",
    "class_names": ["cat", "dog"],
    "image_size": 128,
    "pixels": "0..1",
    "input": "x:0",
    "output": "y_pred:0",
    "seed": 1,
}
FILES = ("model-ckpt.data-00000-of-00001", "model-ckpt.index", "model-ckpt.meta")

_PART = ".part-"  # the start of a temporary folder's name
_DRAWINGS, _BATCH_SIZE, _EPOCHS = 240, 8, 4  # about a hundred steps


def lesson_checkpoint(folder: Path | str = "../checkpoints/lesson") -> str:
    """The prefix of the checkpoint that notebook 01 writes.

    If it is missing, prints so and trains the same network on a few drawings. If it is
    of a network of another size, prints so and does the same in a folder beside it.
    """
    folder = Path(folder)
    prefix = str(folder / "model-ckpt")
    if all((folder / name).exists() for name in (*FILES, "checkpoint")):
        if not (other := _other_network(prefix)):
            print(f"{prefix} is there")
            return prefix
        print(f"{prefix} is of another network, {other}: taking the lesson's own")
        return lesson_checkpoint(folder.with_name(f"{folder.name}-unchanged"))
    print(
        f"notebook 01 has not been run: training its network on {_DRAWINGS} drawings "
        f"for {_EPOCHS} epochs"
    )
    folder.mkdir(parents=True, exist_ok=True)
    with locked_folder(folder):
        for part in folder.glob(f"{_PART}*"):  # of a process that was killed
            shutil.rmtree(part)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_PART) as place:
            # A relative path, so that the path in `checkpoint` is relative too.
            _train(os.path.relpath(f"{place}/model-ckpt"))
            state = folder / "checkpoint"  # without it the checkpoint is made again
            state.unlink(missing_ok=True)
            for name in (*FILES, state.name):
                (Path(place) / name).replace(folder / name)
    return prefix


def _other_network(prefix: str) -> str:
    """What its card says of a network that has not the lesson's size, else ""."""
    meta = tf1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    card = card_in(meta.graph_def) or LESSON_CARD
    found, own = ((c["image_size"], len(c["class_names"])) for c in (card, LESSON_CARD))
    return "" if found == own else "{} pixels and {} classes".format(*found)


def _train(prefix: str) -> None:
    examples = drawn_examples(_DRAWINGS)
    card = LESSON_CARD | {"epochs": _EPOCHS, "data": examples.source}
    session = NetworkSession(build("small", card))
    try:
        one_hot = np.eye(len(examples.class_names), dtype=np.float32)
        for epoch in range(_EPOCHS):
            for images, labels in batches(examples.of("train"), _BATCH_SIZE, epoch):
                session.step(images / np.float32(255), one_hot[labels], 1e-4)
        session.save(prefix)
        session.write_meta(prefix, card)
    finally:
        session.close()
