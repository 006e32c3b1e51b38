"""One photo in, one answer out, and where its time went."""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from flask import abort, current_app

from helpers.occlusion import Why, explain
from webapp.uploads import pixels


class Answer(NamedTuple):
    """What a model says of a photo; the label None means not sure."""

    model: str
    version: int
    label: str | None
    probabilities: dict[str, float]
    milliseconds: dict[str, float]
    why: Why | None = None

    def as_json(self) -> dict:
        """The answer as programs get it."""
        fields = self._asdict()
        why = fields.pop("why")
        if why:
            lost = [[round(float(loss), 4) for loss in row] for row in why.lost]
            fields["why"] = {"label": why.label, "lowest": why.lowest, "lost": lost}
        return fields


def answer_photo(
    photo: bytes, model_name: str | None, started: float, *, why: bool = False
) -> Answer:
    """The answer of the named model, or of the first one.

    Args:
      started: `perf_counter()` when the request came, for the total.
      why: find out as well, with covered copies of the photo in the same batch.
    """
    served = named(model_name)
    before = perf_counter()
    image = pixels(photo, served.model.image_size)
    decoded = perf_counter()
    with current_app.extensions["admission"].slot():
        waited = perf_counter()
        row, reason = (explain if why else _predict)(served.model, image)
    answered = perf_counter()
    current_app.extensions["metrics"].answered(
        served, decode=decoded - before, queue=waited - decoded, infer=answered - waited
    )
    return Answer(
        served.name,
        served.version,
        served.model.label(row),
        served.model.named(row),
        {
            "decode": _milliseconds(decoded - before),
            "wait": _milliseconds(waited - decoded),
            "infer": _milliseconds(answered - waited),
            "total": _milliseconds(answered - started),
        },
        reason,
    )


def named(model_name: str | None):
    """The model of that name as the library serves it, or the first one."""
    try:
        return current_app.extensions["library"].model(model_name)
    except LookupError as error:  # its text names the closest match
        abort(404, str(error))


def _predict(model, image: np.ndarray) -> tuple[np.ndarray, None]:
    (row,) = model.predict(image[None])
    return row, None


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
