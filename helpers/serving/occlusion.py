"""Explains a prediction by occlusion: how much each covered part of a photo lowers it.

Runs the model on one batch of partly covered copies of the photo; this works with any
frozen graph and adds no op to it. Source: Zeiler, Fergus: Visualizing and understanding
convolutional networks, 2014.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

from typing import NamedTuple

import numpy as np

PART = 3  # the side of a cover is 1/PART of the photo's
STEPS = 8  # covers along a side; neighbours overlap
DECISIVE = 0.05  # of the probability: a cover that takes away less decides nothing


class Explanation(NamedTuple):
    """The likeliest class, and how much of its probability each cover takes away.

    `lost[row, column]` is the decrease of the probability under the cover in that row
    and column; it is negative where the probability rises.
    """

    label: str
    probability: float
    lost: np.ndarray  # float32 [STEPS, STEPS]

    @property
    def lowest(self) -> float:
        """The lowest probability under any one cover."""
        return self.probability - float(self.lost.max())

    @property
    def is_decided_by_a_part(self) -> bool:
        """Whether some cover takes away a considerable share of the probability."""
        return float(self.lost.max()) >= DECISIVE * self.probability

    def heat(self, height: int, width: int | None = None) -> np.ndarray:
        """The decrease at each pixel: the mean over the covers that hide it.

        A cover counts the more, the nearer its middle is to the pixel, so that the
        heat has no steps where a cover ends.

        Args:
          width: as the height, if it is left out.
        Returns:
          float32, shape [height, width].
        """
        rows = _shares(height)
        columns = rows if width is None else _shares(width)
        return rows.T @ self.lost.astype(np.float32) @ columns


def explain(model, image: np.ndarray, probabilities: np.ndarray) -> Explanation:
    """Explains the probabilities that a model has predicted for a photo.

    Args:
      model: a FrozenModel, or any object with its `predict` and `class_names`.
      image: uint8 RGB, shape [height, width, 3].
      probabilities: the model's prediction, shape [len(class_names)].
    """
    best = int(np.argmax(probabilities))
    under = model.predict(cover(image))[:, best]
    lost = (probabilities[best] - under).reshape(STEPS, STEPS)
    return Explanation(model.class_names[best], float(probabilities[best]), lost)


def cover(image: np.ndarray) -> np.ndarray:
    """Copies of a photo, each with one square painted in the photo's mean colour.

    Returns:
      uint8, shape [STEPS * STEPS, height, width, 3].
    """
    copies = np.repeat(image[None], STEPS * STEPS, axis=0)
    for copy, place in zip(copies, cover_positions(*image.shape[:2]), strict=True):
        copy[place] = image.mean((0, 1))
    return copies


def cover_positions(height: int, width: int | None = None) -> list[tuple[slice, slice]]:
    """The rows and the columns of each cover, in row-major order.

    Args:
      width: as the height, if it is left out.
    """
    rows = _along(height)
    columns = rows if width is None else _along(width)
    return [(row, column) for row in rows for column in columns]


def _along(size: int) -> list[slice]:
    side = max(size // PART, 1)
    starts = np.linspace(0, size - side, STEPS).round().astype(int)
    return [slice(start, start + side) for start in starts]


def _shares(size: int) -> np.ndarray:
    """How much each cover along a side counts at each pixel of it.

    Returns:
      float32, shape [STEPS, size]; each column sums to 1.
    """
    weights = np.zeros((STEPS, size), np.float32)
    for weight, place in zip(weights, _along(size), strict=True):
        side = place.stop - place.start
        weight[place] = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    return weights / weights.sum(axis=0)
