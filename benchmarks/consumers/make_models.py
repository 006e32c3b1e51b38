"""Freezes the models that the consumers are given, and records what they answer.

    python make_models.py FOLDER

writes for each model NAME.pb, NAME-plain.pb (freeze --plain), NAME.npz (the arrays that
are fed) and NAME-answers.npz, and prints a JSON object: the names of the outputs by
model.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.proof.graph_session import GraphSession
from helpers.graphs.edges import Edge
from helpers.graphs.model_card import card_in
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.model_file import read_graph_def
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build

tf1 = tf.compat.v1
SHIPPED = ("dogs-cats-small", "dogs-cats")
SIZE = 32  # pixels a side of the fresh networks
PHOTOS = 3  # in each batch


class Model(NamedTuple):
    """A frozen file and a plain one, and what is fed to both."""

    frozen: Path
    plain: Path
    feeds: dict[str, np.ndarray]  # by tensor


def main(folder: Path) -> None:
    entries = {}
    for model in make(folder):
        graph_def = read_graph_def(model.frozen)
        card = card_in(graph_def) or {}
        outputs = card.get("outputs") or [card["output"]]
        name = model.frozen.stem
        answers = answer(model, card, outputs)
        np.savez(folder / f"{name}.npz", **model.feeds)
        named = dict(zip(outputs, answers, strict=True))
        np.savez(folder / f"{name}-answers.npz", **named)
        entries[name] = outputs
    print(json.dumps(entries))


def answer(model: Model, card: dict, outputs: list[str]) -> list[np.ndarray]:
    """The model's outputs: of FrozenModel where it serves photos, else of a session."""
    if card.get("pixels") == "0..1":
        with FrozenModel.load(model.frozen) as frozen:
            pixels = model.feeds[card["input"]] * 255
            return [frozen.predict(pixels.round().astype(np.uint8))]
    feeds = {
        name: value.astype(object) if value.dtype.kind == "U" else value
        for name, value in model.feeds.items()
    }
    with GraphSession.load(model.frozen) as session:
        session.initialise(card.get("initialisers", ()))
        return session.run([Edge.parse(name) for name in outputs], feeds)


def make(folder: Path) -> Iterator[Model]:
    """Freeze every model."""
    for name in SHIPPED:
        newest = max(
            (ROOT / "checkpoints" / "frozen" / name).glob("*.pb"),
            key=lambda path: int(path.stem),
        )
        frozen = folder / f"{name}.pb"
        frozen.write_bytes(newest.read_bytes())
        plain = folder / f"{name}-plain.pb"
        freeze(frozen, output=plain, plain=True)
        yield Model(frozen, plain, {"x:0": photos(128)})
    small, resnet = (fresh_checkpoint(name, folder) for name in ("small", "resnet"))
    for source, how in (
        (small, {"weights": "float32"}),
        (small, {"weights": "float16"}),
        (small, {"weights": "bfloat16"}),
        (resnet, {"weights": "float32"}),
        (resnet, {"fold": True}),
        (resnet, {"fold": True, "weights": "float16"}),
    ):
        word = "-".join(str(value) for value in how.values()).replace("True", "fold")
        name = f"{Path(source).parent.name}-{word}"
        yield freeze_twice(folder, name, source, {"x:0": photos(SIZE)}, **how)
    for name, (source, feeds) in keras_models(folder).items():
        yield freeze_twice(folder, name, source, feeds)
    source, feeds = f"{folder}/mobilenet.keras", {"x:0": photos(SIZE)}
    yield freeze_twice(folder, "mobilenet-fold", source, feeds, fold=True)
    yield lookup_model(folder)


def photos(size: int) -> np.ndarray:
    """Pixels of 8 bits in [0, 1], shape [PHOTOS, size, size, 3]."""
    pixels = np.random.default_rng(7).integers(0, 256, [PHOTOS, size, size, 3])
    return (pixels / 255).astype(np.float32)


def freeze_twice(folder: Path, name: str, source: str, feeds: dict, **how) -> Model:
    """Freeze a source with these options, and what that wrote again with --plain."""
    frozen, plain = folder / f"{name}.pb", folder / f"{name}-plain.pb"
    freeze(source, output=frozen, **how)
    freeze(frozen, output=plain, plain=True)
    placeholders = [
        f"{node.name}:0"
        for node in read_graph_def(frozen).node
        if node.op == "Placeholder"
    ]
    if sorted(feeds) != sorted(placeholders):  # a Keras model names its inputs itself
        feeds = dict(zip(placeholders, feeds.values(), strict=True))
    return Model(frozen, plain, feeds)


def fresh_checkpoint(network: str, folder: Path) -> str:
    """The prefix of a checkpoint of the network after two steps on noise."""
    card = {
        "network": network,
        "class_names": ["cat", "dog"],
        "image_size": SIZE,
        "pixels": "0..1",
        "input": "x:0",
        "output": "y_pred:0",
        "seed": 1,
    }
    prefix = folder / network / "model-ckpt"
    prefix.parent.mkdir()
    session = NetworkSession(build(network, card))
    for _ in range(2):
        session.step(photos(SIZE), np.eye(2, dtype=np.float32)[[0, 1, 1]], 1e-3)
    session.save(str(prefix))
    session.write_meta(str(prefix), card)
    session.close()
    return str(prefix)


def keras_models(folder: Path) -> dict[str, tuple[str, dict]]:
    """The `.keras` file of each model of Keras 3, and its feeds."""
    keras.utils.set_random_seed(5)
    layers, found = keras.layers, {}
    rng = np.random.default_rng(9)

    def add(name: str, inputs, outputs, feed: np.ndarray) -> None:
        path = folder / f"{name}.keras"
        keras.Model(inputs, outputs).save(path)
        found[name] = (str(path), {"x:0": feed})

    sequence = keras.Input([12, 8])
    vectors = rng.random([PHOTOS, 12, 8], np.float32)
    steps = layers.LSTM(16)(sequence)
    add("lstm", sequence, layers.Dense(3, "softmax")(steps), vectors)

    unrolled = layers.LSTM(16, unroll=True)(sequence)
    head = layers.Dense(3, activation="softmax")(unrolled)
    add("lstm-unrolled", sequence, head, vectors)

    tokens = keras.Input([12], dtype="int32")
    numbers = rng.integers(0, 50, [PHOTOS, 12]).astype(np.int32)
    for name, approximate in (("attention-tanh", True), ("attention-erf", False)):
        block = encoder(tokens, layers, approximate=approximate)
        add(name, tokens, block, numbers)

    pixels = keras.Input([SIZE, SIZE, 3])
    mobile = depthwise_network(pixels, layers)
    add("mobilenet", pixels, mobile, photos(SIZE))
    return found


def encoder(tokens, layers, *, approximate: bool):
    """Probabilities of a BERT-like encoder of one block.

    Args:
      approximate: GELU by tanh, as in BERT's own code, or else by the error function.
    """
    width = 16
    positions = keras.ops.arange(12)
    x = layers.Embedding(50, width)(tokens) + layers.Embedding(12, width)(positions)
    attended = layers.MultiHeadAttention(2, width // 2)(x, x)
    x = layers.LayerNormalization()(x + attended)
    hidden = keras.ops.gelu(layers.Dense(4 * width)(x), approximate=approximate)
    x = layers.LayerNormalization()(x + layers.Dense(width)(hidden))
    return layers.Dense(3, activation="softmax")(x[:, 0])


def depthwise_network(pixels, layers):
    """Probabilities of a small network of MobileNetV2's blocks."""
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    for filters, strides in ((8, 1), (16, 2), (16, 1)):
        before = x
        x = layers.Conv2D(24, 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
        if strides == 1 and before.shape[-1] == filters:
            x = layers.Add()([before, x])
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return layers.Dense(3, activation="softmax")(x)


def lookup_model(folder: Path) -> Model:
    """A model with a StringLookup table before its embedding."""
    words = keras.Input([4], dtype="string")
    numbers = keras.layers.StringLookup(vocabulary=["cat", "dog", "bird"])(words)
    x = keras.layers.Flatten()(keras.layers.Embedding(5, 6)(numbers))
    path = folder / "string-lookup.keras"
    outputs = keras.layers.Dense(2, activation="softmax")(x)
    keras.Model(words, outputs).save(path)
    feed = np.array([["cat", "dog", "?", "bird"], ["?", "cat", "cat", "dog"]])
    feeds = {"x:0": feed}
    return freeze_twice(folder, "string-lookup", str(path), feeds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
