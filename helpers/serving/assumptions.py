"""What `serve` assumes of a frozen graph whose card lacks fields."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers.serving.encoded_photos import EncodedPhotos
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.model_file import read_model
from helpers.serving.spec_checks import MissingFields


class Assumption(NamedTuple):
    """A card field that nothing states, the value that is taken, and the reason."""

    field: str
    value: Any
    reason: str


def assumptions(path: Path, stated: dict) -> list[Assumption]:
    """The range of pixels and the class names to serve a graph with, if it lacks them.

    The range is one with which the network tells test pictures apart; class names are
    numbers.

    Args:
      stated: card fields that the user states.
    Raises:
      ValueError, OSError: as read_model, where other fields are missing, too.
    """
    try:
        read_model(path, stated=stated)
    except MissingFields as missing:
        if missing.fields - {"pixels", "class_names"}:
            raise
        found = []
        if "pixels" in missing.fields:
            found.append(_pixels(missing))
        if "class_names" in missing.fields:
            known = {item.field: item.value for item in found}
            found.append(_classes(path, stated | known))
        return found
    return []


def _pixels(missing: MissingFields) -> Assumption:
    pixels, why = missing.proposal or ("0..1", "")
    reason = why or "the file does not say how its training scaled pixels"
    return Assumption("pixels", pixels, reason)


def _classes(path: Path, stated: dict) -> Assumption:
    """Numbered names, if the answers are probabilities; else that they are values."""
    names = [f"class {number}" for number in range(_count(path, stated))]
    try:
        FrozenModel.load(path, stated=stated | {"class_names": names}).close()
    except ValueError:
        reason = (
            "these are no probabilities, and no file beside the model names classes; "
            "if they are classes, say so with --classes and --output-is"
        )
        return Assumption("output_is", "values", reason)
    return Assumption("class_names", names, "no file beside the model names them")


def _count(path: Path, stated: dict) -> int:
    """The number of classes: a sigmoid or a logit alone tells two apart."""
    with FrozenModel.load(path, stated=stated | {"output_is": "values"}) as model:
        black = np.zeros(model.image_shape or (64, 64, 3), np.uint8)
        photos = model.photos
        image = photos.encode(black) if isinstance(photos, EncodedPhotos) else black
        count = model.predict(image[None]).shape[-1]
    is_pair = count == 1 and stated.get("output_is") in ("sigmoid", "logits")
    return 2 if is_pair else count
