"""A small network that tells four kinds of drawings apart, trained in seconds.

It differs from the shipped models in all that a caller must know: the picture's size,
the range of a pixel, and the classes.

Taught in notebooks/07_serve_two_models.ipynb.
"""

from pathlib import Path

import numpy as np

from helpers.data.drawings import draw
from helpers.freezing.freeze import freeze
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build

KINDS, SIDE = ("boat", "car", "house", "tree"), 64
CARD = {
    "class_names": KINDS,
    "image_size": SIDE,
    "pixels": "-1..1",
    "seed": 1,
    "input": "x:0",
    "output": "y_pred:0",
}

_DRAWINGS, _BATCH_SIZE, _RATE = 240, 8, 3e-4


def drawn_things(start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawings of KINDS, one kind after the other, and their classes.

    Args:
      start: the seed of the first drawing; the others have the seeds after it.
    Returns:
      images, uint8 [count, 64, 64, 3]; labels, int64 [count].
    """
    labels = np.arange(count) % len(KINDS)
    drawings = [
        draw(KINDS[label], start + number, SIDE) for number, label in enumerate(labels)
    ]
    return np.stack([np.asarray(drawing) for drawing in drawings]), labels


class ThingsNetwork:
    """The network with its training drawings; its files are written into a folder."""

    def __init__(self, folder: Path | str) -> None:
        self._prefix = str(Path(folder) / "things")
        self._images, self._labels = drawn_things(0, _DRAWINGS)
        self._session = NetworkSession(build("small", CARD))

    def learn(self, epochs: int = 1) -> None:
        """Train on all drawings, that many times, always in the same order."""
        one_hot = np.eye(len(KINDS))[self._labels]
        order = np.random.default_rng(1).permutation(_DRAWINGS)
        for rows in [*order.reshape(-1, _BATCH_SIZE)] * epochs:
            images = self._images[rows] / 127.5 - 1
            self._session.step(images, one_hot[rows], _RATE)

    def freeze(self) -> Path:
        """The frozen file of the network as it is now; it replaces an earlier one."""
        self._session.save(self._prefix)
        self._session.write_meta(self._prefix, CARD)
        return freeze(self._prefix, output=f"{self._prefix}.pb").output

    def close(self) -> None:
        self._session.close()
