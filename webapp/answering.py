"""Answers one photo: decodes it, runs the model, and times both."""

from time import perf_counter
from typing import NamedTuple

from flask import abort, current_app

from helpers.serving.occlusion import Explanation, explain
from webapp.requests.uploads import pixels
from webapp.serving.micro_batching import predict


class Answer(NamedTuple):
    """A model's answer for a photo; the label is None below the model's threshold."""

    model: str
    version: int
    label: str | None
    probabilities: dict[str, float]
    milliseconds: dict[str, float]
    why: Explanation | None = None
    why_milliseconds: float = 0

    def as_json(self) -> dict:
        """The answer as an object for JSON."""
        *plain, why, took = self
        answer = dict(zip(self._fields, plain, strict=False))
        if why:
            lost = [[round(float(loss), 4) for loss in row] for row in why.lost]
            heat = {"label": why.label, "lowest": why.lowest, "lost": lost}
            answer["why"] = heat | {"milliseconds": took}
        return answer


def answer_photo(
    photo: bytes, model_name: str | None, started: float, *, why: bool = False
) -> Answer:
    """The answer of the named model, or of the default one.

    Args:
      started: `perf_counter()` when the photo arrived, for the wait and the total.
      why: explain the answer too, by occlusion, after it is timed.
    """
    served = find_model(model_name)
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


def find_model(model_name: str | None):
    """The served model of that name, or the default one; 404 if there is none."""
    try:
        return current_app.extensions["library"].model(model_name)
    except LookupError as error:  # its message names the closest match
        abort(404, str(error))


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
