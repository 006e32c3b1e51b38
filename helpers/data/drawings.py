"""Makes drawings of cats and dogs, the data set where there are no photos.

Colours, pose, background, foreground and light are chosen from the same
distributions for every kind, so that only the animal's shape depends on its class.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import difflib
from collections.abc import Callable
from functools import partial
from random import Random

import numpy as np
from PIL import Image

from helpers.data.sketches import things
from helpers.data.sketches.animals import CAT, DOG, RABBIT
from helpers.data.sketches.light import finish
from helpers.data.sketches.pen import Pen
from helpers.data.sketches.poses import draw_animal
from helpers.data.sketches.scenery import paint_background, paint_foreground

CLASS_NAMES = ("cat", "dog")

_OVERSAMPLING = 2  # drawn larger, then reduced, for smooth edges

_SKETCHES: dict[str, Callable[[Pen, Random], None]] = {
    "cat": partial(draw_animal, CAT),
    "dog": partial(draw_animal, DOG),
    "rabbit": partial(draw_animal, RABBIT),
    "house": things.draw_house,
    "car": things.draw_car,
    "tree": things.draw_tree,
    "flower": things.draw_flower,
    "fish": things.draw_fish,
    "cup": things.draw_cup,
    "smiley": things.draw_smiley,
    "boat": things.draw_boat,
}
OTHER_KINDS = tuple(kind for kind in _SKETCHES if kind not in CLASS_NAMES)


def draw(kind: str, seed: int, size: int = 128) -> Image.Image:
    """A drawing of the kind: RGB, size x size pixels, determined by the seed.

    Args:
      kind: one of CLASS_NAMES or OTHER_KINDS.
      seed: chooses everything else; kinds of one seed have the same background, coat
        and pose.
    Raises:
      ValueError: the kind is unknown (the message names the closest), or size < 1.
    """
    if kind not in _SKETCHES:
        raise ValueError(_unknown_kind(kind))
    if size < 1:
        raise ValueError(
            f"a drawing of {size} pixels a side cannot be made: ask for 1 or more"
        )
    place, subject = Random(f"place {seed}"), Random(f"subject {seed}")
    image = Image.new("RGB", (_OVERSAMPLING * size, _OVERSAMPLING * size))
    pen = Pen(image)
    paint_background(pen, place)
    _SKETCHES[kind](_placed(pen, place), subject)
    paint_foreground(pen, place)
    return finish(image.reduce(_OVERSAMPLING), place)


def _placed(pen: Pen, rng: Random) -> Pen:
    placed = pen.at(
        rng.uniform(-0.08, 0.08),
        rng.uniform(-0.06, 0.06),
        scale=rng.uniform(0.92, 1.15),
        angle=rng.uniform(-6, 6),
    )
    return placed.mirrored() if rng.random() < 0.5 else placed


def _unknown_kind(kind: str) -> str:
    closest = difflib.get_close_matches(kind.lower(), _SKETCHES, n=1)
    hint = f"did you mean {closest[0]!r}?" if closest else f"try {CLASS_NAMES[0]!r}."
    return (
        f"there is no drawing of {kind!r}, {hint} Known kinds: {', '.join(_SKETCHES)}"
    )


def make_drawings(
    count: int, seed: int = 0, size: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """An equal number of cats and dogs, in an order shuffled by the seed.

    Returns:
      images, uint8 [count, size, size, 3]; labels, int64 [count]: 0 cat, 1 dog.
    """
    if count < 0:
        raise ValueError(f"{count} drawings cannot be made: ask for 0 or more")
    rng = Random(f"drawings {seed}")
    labels = [number % len(CLASS_NAMES) for number in range(count)]
    rng.shuffle(labels)
    images = np.empty((count, size, size, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:] = np.asarray(draw(CLASS_NAMES[label], rng.getrandbits(48), size))
    return images, np.array(labels, np.int64)
