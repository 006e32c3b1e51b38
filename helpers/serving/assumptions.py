"""What `serve` assumes of a frozen graph whose card lacks fields."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from helpers.serving.encoded_photos import EncodedPhotos
from helpers.serving.frozen_model import FrozenModel, NonFiniteAnswer
from helpers.serving.model_file import read_model
from helpers.serving.output_checks import probe_photos
from helpers.serving.probing import DECODED
from helpers.serving.spec_checks import MissingFields


class Assumption(NamedTuple):
    """A card field that nothing states, the value that is taken, and the reason."""

    field: str
    value: Any
    reason: str


def assumptions(
    path: Path, stated: dict, allow_ops: Collection[str] = ()
) -> list[Assumption]:
    """The range of pixels and the class names to serve a graph with, if it lacks them.

    The range is one with which the network tells test pictures apart; class names are
    numbers.

    Args:
      stated: card fields that the user states.
      allow_ops: as for read_model.
    Raises:
      ValueError, OSError: as read_model, where other fields are missing, too.
    """
    try:
        read_model(path, stated=stated, allow_ops=allow_ops)
    except MissingFields as missing:
        if missing.fields - {"pixels", "class_names"}:
            raise
        found = []
        if "pixels" in missing.fields:
            found.append(_pixels(missing))
        if "class_names" in missing.fields:
            known = {item.field: item.value for item in found}
            load = partial(FrozenModel.load, path, allow_ops=allow_ops)
            found.append(_classes(load, stated | known, missing.output_is))
        return found
    return []


def _pixels(missing: MissingFields) -> Assumption:
    pixels, why = missing.proposal or ("0..1", "")
    reason = why or "the file does not say how its training scaled pixels"
    return Assumption("pixels", pixels, reason)


def _classes(load: Callable, stated: dict, kind: str | None) -> Assumption:
    """Numbered names, if the answers are probabilities; else that they are values.

    Args:
      load: loads the model with the card fields `stated`.
      kind: what the completed card says of the output.
    """
    names = [f"class {number}" for number in range(_count(load, stated, kind))]
    try:
        load(stated=stated | {"class_names": names}).close()
    except ValueError:
        reason = (
            "these are no probabilities, and no file beside the model names classes; "
            "if they are classes, say so with --classes and --output-is"
        )
        return Assumption("output_is", "values", reason)
    return Assumption("class_names", names, "no file beside the model names them")


def _count(load: Callable, stated: dict, kind: str | None) -> int:
    """The number of classes: a sigmoid or a logit alone tells two apart."""
    with load(stated=stated | {"output_is": "values"}) as model:
        shape = next(_answer_shapes(model))
    count = shape[-1] if shape else 1
    return 2 if count == 1 and kind in ("sigmoid", "logits") else count


def _answer_shapes(model: FrozenModel) -> Iterator[tuple[int, ...]]:
    """The shape of the first output for each test picture that has a finite answer."""
    for image in probe_photos(*(model.image_shape or DECODED)[:2]):
        photos = model.photos
        photo = photos.encode(image) if isinstance(photos, EncodedPhotos) else image
        with suppress(NonFiniteAnswer):
            yield next(iter(model.run_photo(photo).values())).shape
