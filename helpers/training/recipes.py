"""How each network is trained: epochs, learning rates, image sizes, augmentation."""

import math
from typing import NamedTuple

from helpers.training.input_pipeline import Mixture

WARM_UP = 3  # epochs
WEAK = 0.6  # strength of the augmentation late in a phase


class Phase(NamedTuple):
    """Some epochs with one learning rate schedule.

    A second phase restarts the schedule and keeps the weights. Source: Loshchilov,
    Hutter: SGDR, stochastic gradient descent with warm restarts, 2017.
    """

    epochs: int = 12
    rate: float = 1e-4  # the highest learning rate
    decays: bool = False  # linear warm-up, then cosine decay to 0
    sizes: tuple[tuple[float, int], ...] = ()  # (share done, pixels from there on)
    weak_from: float = 1.0  # share done from which augmentation has strength WEAK

    def rate_at(self, share: float) -> float:
        """The learning rate when this share of the phase, 0 to 1, is done."""
        if not self.decays:
            return self.rate
        warm = min(1.0, share * self.epochs / WARM_UP)
        return self.rate * warm * (1 + math.cos(math.pi * share)) / 2

    def size_at(self, share: float) -> int | None:
        """Width of the training images at this share; None: the network's own."""
        begun = [size for start, size in self.sizes if share >= start]
        return begun[-1] if begun else None

    def strength_at(self, share: float) -> float:
        """Strength of the augmentation at this share, 0 to 1."""
        return WEAK if share >= self.weak_from else 1.0


class Recipe(NamedTuple):
    """How a network is trained."""

    phases: tuple[Phase, ...] = (Phase(),)
    image_size: int = 128
    smallest_size: int = 32  # of images; smaller photos are enlarged
    batch_size: int = 32
    smoothing: float = 0.0  # of the one-hot labels
    mixture: Mixture = Mixture()

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    def phase_at(self, done: int, steps: int) -> tuple[Phase, float]:
        """The phase after `done` of all `steps`, and the share of it that is done.

        If a training has another number of epochs than the recipe, all phases are
        scaled.
        """
        epochs = done * self.epochs / steps
        for phase in self.phases[:-1]:
            if epochs < phase.epochs:
                return phase, epochs / phase.epochs
            epochs -= phase.epochs
        return self.phases[-1], epochs / self.phases[-1].epochs


RECIPES = {
    "small": Recipe(),
    "alexnet": Recipe(image_size=227, smallest_size=227),
    "resnet": Recipe(
        phases=(  # with small images first, whose steps are faster
            Phase(42, 0.06, True, ((0, 80), (0.4, 96), (0.7, 112)), weak_from=0.8),
            Phase(46, 0.05, True, ((0, 96), (0.5, 112)), weak_from=0.8),
        ),
        batch_size=64,
        smoothing=0.05,
        mixture=Mixture(drawings=0.05, outliers=0.035, augments=True),
    ),
}
