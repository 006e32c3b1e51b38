"""One photo in, one answer out, and where its time went."""

from time import perf_counter
from typing import NamedTuple

from flask import abort, current_app

from helpers.serving.occlusion import Why, explain
from webapp.serving.micro_batching import predict
from webapp.uploads import pixels


class Answer(NamedTuple):
    """What a model says of a photo; the label None means not sure."""

    model: str
    version: int
    label: str | None
    probabilities: dict[str, float]
    milliseconds: dict[str, float]
    why: Why | None = None
    why_milliseconds: float = 0

    def as_json(self) -> dict:
        """The answer as programs get it."""
        *plain, why, took = self
        answer = dict(zip(self._fields, plain, strict=False))
        if why:
            lost = [[round(float(loss), 4) for loss in row] for row in why.lost]
            told = {"label": why.label, "lowest": why.lowest, "lost": lost}
            answer["why"] = told | {"milliseconds": took}
        return answer


def answer_photo(
    photo: bytes, model_name: str | None, started: float, *, why: bool = False
) -> Answer:
    """The answer of the named model, or of the first one.

    Args:
      started: `perf_counter()` when the photo came, for the wait and the total.
      why: find out as well, with covered copies of the photo, after the answer.
    """
    served = named(model_name)
    begun = perf_counter()
    image = pixels(photo, served.model.image_size)
    decoded = perf_counter()
    row, inferring, answered = predict(served.model, image)
    waited = begun - started + inferring - decoded
    reason = explain(served.model, image, row) if why else None
    explained = perf_counter()
    current_app.extensions["metrics"].answered(
        served, queue=waited, decode=decoded - begun, infer=answered - inferring
    )
    return Answer(
        served.name,
        served.version,
        served.model.label(row),
        served.model.named(row),
        {
            "decode": _milliseconds(decoded - begun),
            "wait": _milliseconds(waited),
            "infer": _milliseconds(answered - inferring),
            "total": _milliseconds(answered - started),
        },
        reason,
        _milliseconds(explained - answered),
    )


def named(model_name: str | None):
    """The model of that name as the library serves it, or the first one."""
    try:
        return current_app.extensions["library"].model(model_name)
    except LookupError as error:  # its text names the closest match
        abort(404, str(error))


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
