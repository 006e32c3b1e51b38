"""Compares the speed of training `small` in this project with that of Keras `fit`.

Both have the same pictures, network, optimizer and batch size; their epochs alternate.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.quiet import import_tensorflow

import_tensorflow()
import numpy as np
import tensorflow as tf
from tensorflow import keras

from helpers.training.input_pipeline import (
    Feed,
    Mixture,
    drawn_training_data,
    prefetch,
)
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build

ROUNDS = 5
BATCH = 32


def keras_network() -> keras.Model:
    """`small` as a Keras user writes it."""
    layers = [keras.Input([128, 128, 3])]
    for filters in (32, 32, 64):
        layers.append(keras.layers.Conv2D(filters, 3, padding="same"))
        layers.append(keras.layers.MaxPool2D(2))
        layers.append(keras.layers.ReLU())
    layers += [keras.layers.Flatten(), keras.layers.Dense(128, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(2, "softmax")])
    model.compile(
        keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def main() -> None:
    train = drawn_training_data(128, Mixture()).train
    card = {"class_names": list(train.class_names), "image_size": 128, "seed": 1}
    ours, theirs = NetworkSession(build("small", card)), keras_network()
    assert theirs.count_params() == 2_126_178
    feed = Feed(train, BATCH, smoothing=0)
    pictures = train.images / np.float32(255)
    targets = feed.targets(np.arange(len(pictures)))

    def our_epoch() -> None:
        for images, labels in prefetch(feed.epoch([1], 0, None)):
            ours.step(images, labels, 1e-4)

    def their_epoch() -> None:
        theirs.fit(pictures, targets, BATCH, epochs=1, verbose=0)

    speeds: dict[str, list[float]] = {"this project": [], "Keras fit": []}
    for number in range(ROUNDS + 1):
        for name, epoch in zip(speeds, (our_epoch, their_epoch), strict=True):
            started = time.perf_counter()
            epoch()
            if number:  # the first round warms up
                speeds[name].append(len(train.labels) / (time.perf_counter() - started))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, speed in medians.items():
        print(f"{name:14} {speed:6.0f} photos/s (median of {ROUNDS} epochs)")
    print(f"ratio          {medians['this project'] / medians['Keras fit']:6.2f}")
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}")


if __name__ == "__main__":
    main()
