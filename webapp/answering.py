"""One photo in, one answer out, and where its time went."""

from time import perf_counter
from typing import NamedTuple

from flask import abort, current_app

from webapp.uploads import pixels


class Answer(NamedTuple):
    """What a model says of a photo; the label None means not sure."""

    model: str
    version: int
    label: str | None
    probabilities: dict[str, float]
    milliseconds: dict[str, float]


def answer_photo(photo: bytes, model_name: str | None, started: float) -> Answer:
    """The answer of the named model, or of the first one.

    Args:
      started: `perf_counter()` when the request came, for the total.
    """
    name, version, model = _served(model_name)
    before = perf_counter()
    image = pixels(photo, model.image_size)
    decoded = perf_counter()
    with current_app.extensions["admission"].slot():
        waited = perf_counter()
        (row,) = model.predict(image[None])
    answered = perf_counter()
    return Answer(
        name,
        version,
        model.label(row),
        model.named(row),
        {
            "decode": _milliseconds(decoded - before),
            "wait": _milliseconds(waited - decoded),
            "infer": _milliseconds(answered - waited),
            "total": _milliseconds(answered - started),
        },
    )


def _served(model_name: str | None):
    try:
        return current_app.extensions["library"].model(model_name)
    except LookupError as error:  # its text names the closest match
        abort(404, str(error))


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
