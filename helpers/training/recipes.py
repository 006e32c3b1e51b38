"""How each network is trained: epochs, learning rates, sizes and views of photos."""

import math
from typing import NamedTuple

from helpers.training.input_pipeline import Mixture

WARM_UP = 3  # epochs
GENTLE = 0.6  # strength of the last views


class Lap(NamedTuple):
    """A stretch of a training; another one starts it anew, from what was learned.

    Source: Loshchilov, Hutter: SGDR, stochastic gradient descent with warm restarts,
    2017.
    """

    epochs: int = 12
    rate: float = 1e-4  # the highest learning rate
    decays: bool = False  # warm up, then half a cosine down to nothing
    stages: tuple[tuple[float, int], ...] = ()  # from this share on, at this size
    gentle: float = 1.0  # from this share on, views are as in GENTLE

    def rate_at(self, share: float) -> float:
        """The learning rate when this share of the lap, 0 to 1, is done."""
        if not self.decays:
            return self.rate
        warm = min(1.0, share * self.epochs / WARM_UP)
        return self.rate * warm * (1 + math.cos(math.pi * share)) / 2

    def size_at(self, share: float) -> int | None:
        """Pixels a side of the photos then; None: those of the network."""
        begun = [size for start, size in self.stages if share >= start]
        return begun[-1] if begun else None

    def strength_at(self, share: float) -> float:
        """How far the views go from the photos then, 0 to 1."""
        return GENTLE if share >= self.gentle else 1.0


class Recipe(NamedTuple):
    """How a network is trained."""

    laps: tuple[Lap, ...] = (Lap(),)
    image_size: int = 128
    batch_size: int = 32
    smoothing: float = 0.0
    mixture: Mixture = Mixture()

    @property
    def epochs(self) -> int:
        return sum(lap.epochs for lap in self.laps)

    def at(self, done: int, steps: int) -> tuple[Lap, float]:
        """The lap, and its share that is done, after so many of all steps.

        A training of more or fewer epochs than the recipe's stretches its laps.
        """
        epochs = done * self.epochs / steps
        for lap in self.laps[:-1]:
            if epochs < lap.epochs:
                return lap, epochs / lap.epochs
            epochs -= lap.epochs
        return self.laps[-1], epochs / self.laps[-1].epochs


RECIPES = {
    "small": Recipe(),
    "alexnet": Recipe(image_size=227),
    "resnet": Recipe(
        laps=(
            Lap(
                epochs=42,
                rate=0.06,
                decays=True,
                stages=((0, 80), (0.4, 96), (0.7, 112)),  # quick first; seen at 128
                gentle=0.8,  # of the whole photo, as it will be shown
            ),
            Lap(
                epochs=46,
                rate=0.05,
                decays=True,
                stages=((0, 96), (0.5, 112)),
                gentle=0.8,
            ),
        ),
        batch_size=64,
        smoothing=0.05,
        mixture=Mixture(drawings=0.05, outliers=0.035, augments=True),
    ),
}
