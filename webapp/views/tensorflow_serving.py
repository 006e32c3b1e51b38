"""TensorFlow Serving's REST API, so that moving to it changes a host name.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NoReturn

import numpy as np
from flask import Blueprint, abort, current_app, jsonify, request
from werkzeug.routing import BaseConverter, IntegerConverter

from webapp.requests.uploads import whole_body
from webapp.rest_api import signatures
from webapp.rest_api.answers import predict_json, with_keys
from webapp.rest_api.classify_requests import photos_in, rows_in
from webapp.rest_api.json_values import json_value
from webapp.rest_api.network_requests import instances_request, network_request
from webapp.rest_api.network_runs import run_first, run_network
from webapp.rest_api.photo_runs import run_photos
from webapp.rest_api.predict_requests import (
    check_signature,
    parse,
    predict_request,
    signature_of,
)
from webapp.rest_api.tensors import to_tensor

blueprint = Blueprint("tensorflow_serving", __name__)
ROOT = "/v1/"
MOST = 80  # characters of a name in a sentence
MODEL = "/v1/models/<model:name>"
VERSIONED = ("", "/versions/<version:version>", "/labels/<model:label>")


class ModelConverter(BaseConverter):
    """A model name or label; it ends at the colon of the verb, as in NAME:predict."""

    regex = "[^/:]+"


class VersionConverter(IntegerConverter):
    """A version; Python refuses to read a number of thousands of digits."""

    regex = "[0-9]{1,40}"


@blueprint.record_once
def add_converter(state) -> None:
    converters = {"model": ModelConverter, "version": VersionConverter}
    state.app.url_map.converters.update(converters)


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
        abort(404, f"Could not find {which} of model {name[:MOST]}")
    return signatures.status_json(statuses)


@route("/metadata", "GET")
def metadata(name: str, version: int | None = None, label: str | None = None) -> dict:
    """The model's signatures."""
    return signatures.metadata_json(_served(name, version, label))


@route(":predict", "POST")
def predict(name: str, version: int | None = None, label: str | None = None) -> dict:
    """The outputs of the model for each instance."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    model, asked = served.model, parse(whole_body(request))
    if names := signatures.photo_inputs(model):
        photos = predict_request(asked, names)
        prepare: Callable = partial(to_tensor, photos.values, photos.kind)
        found = _answer(served, arrived, prepare, run_photos)
        answer = predict_json(found, len(photos.values) if photos.is_row else None)
        if photos.keys is None:
            return answer
        return with_keys(answer, photos.keys, signatures.output_names(model)[0])
    check_signature(signature_of(asked), (signatures.DEFAULT,))
    most = current_app.config["MAX_INSTANCES"]
    prepare = partial(network_request, asked, most=most)
    return predict_json(*_answer(served, arrived, prepare, run_network))


@route(":classify", "POST")
def classify(name: str, version: int | None = None, label: str | None = None) -> dict:
    """Every label with its score, for each example."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    labels = served.model.class_names
    if not labels:
        _refuse(served, "classification", "classify", "predict")
    rows = json_value(_first_outputs(served, arrived, "classify"))
    found = [[list(pair) for pair in zip(labels, row, strict=True)] for row in rows]
    # The documentation's format says "result", its example and its server "results".
    return {"result": found, "results": found}


@route(":regress", "POST")
def regress(name: str, version: int | None = None, label: str | None = None) -> dict:
    """The number of each example, of a model that answers with one."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version, label)
    if not signatures.answers_one_number(served.model):
        other = "classify or :predict" if served.model.class_names else "predict"
        _refuse(served, "regression", "regress", other)
    numbers = json_value(_first_outputs(served, arrived, "regress").reshape(-1))
    return {"result": numbers, "results": numbers}


def show_problem(status: int, text: str):
    """An error as JSON, as TensorFlow Serving and Open Inference have it."""
    answer = jsonify(error=text)
    answer.status_code = status
    return answer


def _served(name: str, version: int | None, label: str | None):
    try:
        return current_app.extensions["library"].model(name, version, label)
    except LookupError as error:
        which = "Latest" if version is None else "Specific"
        short = name[:MOST]
        spec = short if version is None else f"{short}, {version}"
        abort(404, f"Servable not found for request: {which}({spec}): {error}")


def _refuse(served, kind: str, verb: str, other: str) -> NoReturn:
    """400, as TensorFlow Serving answers for a method that has no signature."""
    abort(
        400,
        f"{served.name!r} has no {kind} signature (method_name "
        f'"tensorflow/serving/{verb}"): ask it to :{other}',
    )


def _first_outputs(served, arrived: float, verb: str) -> np.ndarray:
    """The first output for each example: probabilities if the model has classes."""
    model, most = served.model, current_app.config["MAX_INSTANCES"]
    asked = parse(whole_body(request))
    if model.takes_photos:
        photos, kind = photos_in(asked, verb, model, most)
        prepare: Callable = partial(to_tensor, photos, kind)
        return next(iter(_answer(served, arrived, prepare, run_photos).values()))
    rows = rows_in(asked, verb, model.inputs, most)
    prepare = partial(instances_request, rows)
    return _answer(served, arrived, prepare, run_first)


def _answer(served, arrived: float, prepare: Callable, run: Callable) -> Any:
    """What `run` answers for what `prepare` makes; each stage's time is counted."""
    begun = perf_counter()
    prepared = prepare(served.model)
    decoded = perf_counter()
    found = run(served.model, prepared)
    current_app.extensions["metrics"].answered(
        served,
        queue=begun - arrived,
        decode=decoded - begun,
        infer=perf_counter() - decoded,
    )
    return found
