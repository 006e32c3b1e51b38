"""Images of no known class, on which a classifier is trained to be uncertain."""

import numpy as np
from PIL import Image

from helpers.data.drawings import OTHER_KINDS, draw


def make_outliers(
    count: int, seed: int = 0, size: int = 128, *, drawn: bool = True
) -> np.ndarray:
    """Noise, plain colours, gradients, blotches and drawings of other things, in turn.

    Args:
      drawn: False leaves out the drawings.
    Returns:
      uint8 RGB, shape [count, size, size, 3].
    """
    makers = (_noise, _plain, _gradient, _blotches, _other_thing)[: 5 if drawn else 4]
    rngs = (np.random.default_rng([seed, index]) for index in range(count))
    pictures = (makers[i % len(makers)](rng, size) for i, rng in enumerate(rngs))
    return np.stack([np.broadcast_to(p, (size, size, 3)) for p in pictures])


def _noise(rng, size):
    return rng.integers(0, 256, (size, size, 3), np.uint8)


def _plain(rng, size):
    return rng.integers(0, 256, 3, np.uint8)


def _gradient(rng, size):
    start, stop = rng.integers(0, 256, (2, 3))
    along = np.linspace(0, 1, size)[:, None, None]
    colours = (start + (stop - start) * along).astype(np.uint8)
    return colours if rng.random() < 0.5 else colours.swapaxes(0, 1)


def _blotches(rng, size):
    cells = rng.integers(2, 24)
    image = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
    smooth = rng.random() < 0.7
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(image.resize((size, size), way))


def _other_thing(rng, size):
    kind = OTHER_KINDS[rng.integers(len(OTHER_KINDS))]
    return np.asarray(draw(kind, int(rng.integers(2**31)), size))
