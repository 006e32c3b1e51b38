"""TensorFlow Serving's REST API, so that moving to it changes a host name.

https://www.tensorflow.org/tfx/serving/api_rest says what it is.
"""

from time import perf_counter

import numpy as np
from flask import Blueprint, abort, current_app, jsonify, request
from werkzeug.routing import BaseConverter

from webapp import signatures
from webapp.examples import photos_in
from webapp.tensors import asked, parse, shortest, to_tensor
from webapp.uploads import whole_body

blueprint = Blueprint("tensorflow_serving", __name__)
ROOT = "/v1/"
MODEL = "/v1/models/<model:name>"
VERSIONED = ("", "/versions/<int:version>", "/labels/<model:label>")


class ModelConverter(BaseConverter):
    """A name or label: a colon ends it, the verb follows."""

    regex = "[^/:]+"


@blueprint.record_once
def add_converter(state) -> None:
    state.app.url_map.converters["model"] = ModelConverter


def route(ending: str, method: str):
    """Registers a view for a model, its versions and its labels."""

    def register(view):
        for versioned in VERSIONED:
            rule = f"{MODEL}{versioned}{ending}"
            blueprint.add_url_rule(rule, view_func=view, methods=[method])
        return view

    return register


@blueprint.get("/v1/models")
def models() -> dict:
    """The status of every model."""
    library = current_app.extensions["library"]
    statuses = {name: library.statuses(name) for name in library.names}
    return {
        "models": [
            {"name": n, **signatures.status_json(s)} for n, s in statuses.items()
        ]
    }


@route("", "GET")
def status(name: str, version: int | None = None, label: str | None = None) -> dict:
    """How the model's versions fare, or that one."""
    statuses = current_app.extensions["library"].statuses(name)
    if label is not None:
        version = _served(name, None, label).version
    if version is not None:
        statuses = {n: status for n, status in statuses.items() if n == version}
    if not statuses:
        which = "any versions" if version is None else f"version {version}"
        abort(404, f"Could not find {which} of model {name}")
    return signatures.status_json(statuses)


@route("/metadata", "GET")
def metadata(name: str, version: int | None = None, label: str | None = None) -> dict:
    """What the model takes in and gives out."""
    return signatures.metadata_json(_served(name, version, label))


@route(":predict", "POST")
def predict(name: str, version: int | None = None, label: str | None = None) -> dict:
    """Probabilities, a row a photo."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    question = asked(parse(whole_body(request)))
    rows = shortest(_answer(served, question.values, question.kind, arrived))
    return {"predictions" if question.is_row else "outputs": rows}


@route(":classify", "POST")
def classify(name: str, version: int | None = None, label: str | None = None) -> dict:
    """For each example, every label with its score."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    most = current_app.config["MAX_INSTANCES"]
    photos = photos_in(parse(whole_body(request)), most)
    rows = shortest(_answer(served, photos, "photos", arrived))
    labels = served.model.class_names
    found = [[list(pair) for pair in zip(labels, row, strict=True)] for row in rows]
    # The documentation's format says "result", its example and its server "results".
    return {"result": found, "results": found}


@route(":regress", "POST")
def regress(name: str, version: int | None = None, label: str | None = None) -> dict:
    """These models classify: TensorFlow Serving refuses this as well."""
    _served(name, version, label)
    abort(
        400,
        f"{name!r} has no regression signature (method_name "
        '"tensorflow/serving/regress"): ask it to :classify or :predict',
    )


def show_problem(status: int, text: str):
    """An error as TensorFlow Serving's JSON."""
    answer = jsonify(error=text)
    answer.status_code = status
    return answer


def _status(name: str, statuses: dict) -> dict:
    return {"name": name, **signatures.status_json(statuses)}


def _served(name: str, version: int | None, label: str | None):
    try:
        return current_app.extensions["library"].model(name, version, label)
    except LookupError as error:
        which = "Latest" if version is None else "Specific"
        spec = name if version is None else f"{name}, {version}"
        abort(404, f"Servable not found for request: {which}({spec}): {error}")


def _answer(served, values: list, kind: str | None, arrived: float) -> np.ndarray:
    """The model's probabilities, with each stage timed."""
    begun = perf_counter()
    tensor = to_tensor(values, kind, served.model)
    decoded = perf_counter()
    rows = _run(served.model, tensor)
    current_app.extensions["metrics"].answered(
        served,
        queue=begun - arrived,
        decode=decoded - begun,
        infer=perf_counter() - decoded,
    )
    return rows


def _run(model, tensor: np.ndarray) -> np.ndarray:
    if tensor.dtype == np.uint8:
        return model.predict(tensor)
    return model.session.run(model.y_pred, {model.x: tensor})
