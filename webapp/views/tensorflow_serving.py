"""TensorFlow Serving's REST API, so that moving to it changes a host name.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from time import perf_counter

import numpy as np
from flask import Blueprint, abort, current_app, jsonify, request
from werkzeug.routing import BaseConverter

from webapp.requests.uploads import whole_body
from webapp.rest_api import signatures
from webapp.rest_api.classify_requests import photos_in
from webapp.rest_api.predict_requests import parse, predict_request
from webapp.rest_api.tensors import shortest, to_tensor

blueprint = Blueprint("tensorflow_serving", __name__)
ROOT = "/v1/"
MODEL = "/v1/models/<model:name>"
VERSIONED = ("", "/versions/<int:version>", "/labels/<model:label>")


class ModelConverter(BaseConverter):
    """A model name or label; it ends at the colon of the verb, as in NAME:predict."""

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
            {"name": name, **signatures.status_json(versions)}
            for name, versions in statuses.items()
        ]
    }


@route("", "GET")
def status(name: str, version: int | None = None, label: str | None = None) -> dict:
    """The state of the model's versions, or of the one version named."""
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
    """The model's signatures."""
    return signatures.metadata_json(_served(name, version, label))


@route(":predict", "POST")
def predict(name: str, version: int | None = None, label: str | None = None) -> dict:
    """The probabilities of each photo."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    asked = predict_request(parse(whole_body(request)))
    rows = shortest(_answer(served, asked.values, asked.kind, arrived))
    return {"predictions" if asked.is_row else "outputs": rows}


@route(":classify", "POST")
def classify(name: str, version: int | None = None, label: str | None = None) -> dict:
    """Every label with its score, for each example."""
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
    """Refuses: a classifier has no regression signature, in TensorFlow Serving too."""
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


def _served(name: str, version: int | None, label: str | None):
    try:
        return current_app.extensions["library"].model(name, version, label)
    except LookupError as error:
        which = "Latest" if version is None else "Specific"
        spec = name if version is None else f"{name}, {version}"
        abort(404, f"Servable not found for request: {which}({spec}): {error}")


def _answer(served, values: list, kind: str | None, arrived: float) -> np.ndarray:
    """The model's probabilities, shape [N, classes]; each stage's time is counted."""
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
