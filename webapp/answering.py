"""Answers one photo: decodes it, runs the model, and times both."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from flask import abort, current_app

from helpers.serving.non_finite import NonFiniteAnswer
from helpers.serving.occlusion import Explanation, explain
from webapp.requests.uploads import limits
from webapp.rest_api.json_values import json_value
from webapp.serving.micro_batching import predict, predict_outputs

TOP = 5  # classes in an answer, unless the request says how many


class Answer(NamedTuple):
    """A model's answer for a photo; the label is None below the model's threshold."""

    model: str
    version: int
    label: str | None
    probabilities: dict[str, float]  # empty where the model has no classes
    milliseconds: dict[str, float]
    values: dict[str, Any] = {}  # noqa: RUF012  outputs that are no probabilities
    why: Explanation | None = None
    why_milliseconds: float = 0

    def as_json(self) -> dict:
        """The answer as an object for JSON."""
        answer: dict[str, Any] = {"model": self.model, "version": self.version}
        if self.probabilities:
            answer |= {"label": self.label, "probabilities": self.probabilities}
        if self.values:
            answer["values"] = {name: json_value(v) for name, v in self.values.items()}
        answer["milliseconds"] = self.milliseconds
        if why := self.why:
            lost = [[round(float(loss), 4) for loss in row] for row in why.lost]
            heat = {"label": why.label, "lowest": why.lowest, "lost": lost}
            answer["why"] = heat | {"milliseconds": self.why_milliseconds}
        return answer


def answer_photo(
    photo: bytes,
    model_name: str | None,
    started: float,
    *,
    top: int | None = None,
    why: bool = False,
) -> Answer:
    """The answer of the named model, or of the default one.

    Args:
      started: `perf_counter()` when the photo arrived, for the wait and the total.
      top: how many classes are named, the likeliest first; None: TOP at most. All are
        named in the order of the model's card if there are not more.
      why: explain the answer too, by occlusion, after it is timed.
    """
    served = find_model(model_name)
    model = served.model
    _check(served, top, why)
    begun = perf_counter()
    image = model.decode(photo, **limits())
    decoded = perf_counter()
    run: Callable = predict if answers_with_classes_alone(model) else predict_outputs
    try:
        found, inferring, answered = run(model, image)
    except NonFiniteAnswer as error:
        raise NonFiniteAnswer(f"{served.name!r}: {error}") from error
    waited = begun - started + inferring - decoded
    row, values = _split(model, found)
    reason = explain(model, image, row) if why else None
    explained = perf_counter()
    current_app.extensions["metrics"].answered(
        served, queue=waited, decode=decoded - begun, infer=answered - inferring
    )
    return Answer(
        served.name,
        served.version,
        model.label(row) if model.class_names else None,
        model.named(row, top or TOP) if model.class_names else {},
        {
            "decode": _milliseconds(decoded - begun),
            "wait": _milliseconds(waited),
            "infer": _milliseconds(answered - inferring),
            "total": _milliseconds(answered - started),
        },
        values,
        reason,
        _milliseconds(explained - answered),
    )


def find_model(model_name: str | None, version: int | None = None):
    """The served model of that name, or the default one; 404 if there is none.

    Args:
      version: None: the newest.
    """
    try:
        return current_app.extensions["library"].model(model_name, version)
    except LookupError as error:  # its message names the closest match
        abort(404, str(error))


def answers_with_classes_alone(model) -> bool:
    """Whether a model's one output is the probabilities of its classes."""
    return bool(model.class_names) and len(model.outputs) == 1


def explains(model) -> bool:
    """Whether parts of a photo can be covered, and a class lose by it."""
    return bool(model.class_names) and model.preprocessing is not None


def _check(served, top: int | None, why: bool) -> None:
    """400 for a question that the model cannot answer."""
    name, model = served.name, served.model
    if not model.takes_photos:
        abort(
            400,
            f"{name!r} takes no photos: send {' and '.join(map(repr, model.inputs))} "
            f"to POST /v1/models/{name}:predict",
        )
    if why and not explains(model):
        lack = "decodes its photos itself" if model.class_names else "has no classes"
        abort(400, f"{name!r} {lack}, so nothing explains its answer: ask /predict")
    count = len(model.class_names)
    if top is not None and not 1 <= top <= count:
        only = f"has {count} classes: send 1 to {count}" if count else "has no classes"
        abort(400, f"top is {top}, and {name!r} {only}")


def _split(model, found: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """The row of probabilities, and the outputs that are not probabilities."""
    if not isinstance(found, dict):
        return found, {}
    row = next(iter(found.values()))
    if model.class_names:
        return row, dict([*found.items()][1:])
    return row, found


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
