"""Why a model says what it says: cover a part, and see what becomes of the answer.

Asks the model from outside, with covered copies of the photo in one batch: any
frozen graph will do, and no op is added to it.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

from typing import NamedTuple

import numpy as np

PART = 3  # a cover's side is this part of the photo's
STEPS = 8  # covers along a side, from edge to edge; each overlaps the next


class Why(NamedTuple):
    """What covers do to the probability of the class a model finds likeliest.

    `lost[row, column]` is how much of the probability goes under the cover of that
    row and column; below 0 where it rises.
    """

    label: str
    probability: float
    lost: np.ndarray  # float32 [STEPS, STEPS]

    @property
    def lowest(self) -> float:
        """The probability under the one cover that takes most."""
        return self.probability - float(self.lost.max())

    def heat(self, size: int) -> np.ndarray:
        """The loss at each pixel: the mean of the covers over it.

        Returns:
          float32, shape [size, size].
        """
        total = np.zeros((size, size), np.float32)
        covers = np.zeros((size, size), np.float32)
        for loss, place in zip(self.lost.flat, places(size), strict=True):
            total[place] += loss
            covers[place] += 1
        return total / covers


def explain(model, image: np.ndarray, probabilities: np.ndarray) -> Why:
    """Why the model gives these probabilities to a photo.

    Args:
      model: a FrozenModel, or what else has its `predict` and `class_names`.
      image: uint8 RGB, shape [size, size, 3].
      probabilities: what the model has said of it, shape [len(class_names)].
    """
    best = int(np.argmax(probabilities))
    under = model.predict(covered(image))[:, best]
    lost = (probabilities[best] - under).reshape(STEPS, STEPS)
    return Why(model.class_names[best], float(probabilities[best]), lost)


def covered(image: np.ndarray) -> np.ndarray:
    """A copy for each place, painted over there with the photo's mean colour.

    Returns:
      uint8, shape [STEPS * STEPS, size, size, 3].
    """
    copies = np.repeat(image[None], STEPS * STEPS, axis=0)
    for copy, place in zip(copies, places(len(image)), strict=True):
        copy[place] = image.mean((0, 1))
    return copies


def places(size: int) -> list[tuple[slice, slice]]:
    """The rows and columns under each cover, row by row."""
    side = max(size // PART, 1)
    starts = np.linspace(0, size - side, STEPS).round().astype(int)
    along = [slice(start, start + side) for start in starts]
    return [(rows, columns) for rows in along for columns in along]
