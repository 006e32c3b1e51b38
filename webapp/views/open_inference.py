"""The Open Inference Protocol, version 2, over HTTP: health, metadata and inference.

Source: https://github.com/kserve/open-inference-protocol
"""

import re
from collections.abc import Callable
from functools import partial
from time import perf_counter

from flask import Blueprint, Response, abort, current_app, request

from webapp.answering import find_model
from webapp.open_inference.answers import check_outputs, infer_answer
from webapp.open_inference.metadata import model_metadata, server_metadata
from webapp.open_inference.requests import HEADER, InferRequest, infer_request
from webapp.open_inference.tensors import network_tensors, photo_tensor, raw_request
from webapp.requests.uploads import whole_body
from webapp.rest_api.network_runs import run_network
from webapp.rest_api.photo_runs import run_photo, run_photos
from webapp.rest_api.signatures import output_names
from webapp.serving.all_outputs import Outputs
from webapp.serving.micro_batching import Predicted
from webapp.views.operations import ready_models

blueprint = Blueprint("open_inference", __name__)
ROOT = "/v2/"
MODEL = "/v2/models/<name>"


def route(ending: str, method: str):
    """Registers a view for a model and for its versions."""

    def register(view):
        for versioned in ("", "/versions/<version>"):
            blueprint.add_url_rule(
                f"{MODEL}{versioned}{ending}",
                view_func=view,
                methods=[method],
                strict_slashes=False,
            )
        return view

    return register


@blueprint.get("/v2", strict_slashes=False)
def server() -> dict:
    """The metadata of the server."""
    return server_metadata()


@blueprint.get("/v2/health/live", strict_slashes=False)
def live() -> dict:
    """Liveness: the process answers."""
    return {"live": True}


@blueprint.get("/v2/health/ready", strict_slashes=False)
def ready() -> dict:
    """Readiness: the models are loaded and the server is not stopping."""
    ready_models()
    return {"live": True, "ready": True}


@route("", "GET")
def metadata(name: str, version: str | None = None) -> dict:
    """The inputs and outputs of a model."""
    served = _served(name, version)
    loaded = current_app.extensions["library"].loaded(name)
    return model_metadata(served, sorted(one.version for one in loaded))


@route("/ready", "GET")
def model_ready(name: str, version: str | None = None) -> dict:
    """Whether a model answers: its name if it does, else an error."""
    ready_models()
    return {"name": _served(name, version).name, "ready": True}


@route("/infer", "POST")
def infer(name: str, version: str | None = None) -> Response:
    """The outputs of a model for the tensors in the request."""
    arrived = current_app.extensions["admission"].arrived()
    served = _served(name, version)
    begun = perf_counter()
    body, length = whole_body(request), request.headers.get(HEADER)
    is_raw = length == "0" and not body.startswith(b"{")
    model = served.model
    asked = raw_request(body, model) if is_raw else infer_request(body, length)
    check_outputs(asked, output_names(model))
    compute = _prepared(model, asked)
    decoded = perf_counter()
    outputs, began, ended = compute()
    current_app.extensions["metrics"].answered(
        served,
        queue=begun - arrived + began - decoded,
        decode=decoded - begun,
        infer=ended - began,
    )
    return infer_answer(served, asked, outputs, model.class_names)


def _prepared(model, asked: InferRequest) -> Callable[[], Predicted]:
    """What computes the outputs; the inputs are decoded here."""
    inputs, most = asked.inputs, current_app.config["MAX_INSTANCES"]
    if not model.takes_photos:
        fed = network_tensors(inputs, model, most=most)
        return partial(_timed, lambda: run_network(model, fed)[0])
    tensor, is_own = photo_tensor(inputs, model, most=most)
    if is_own or len(tensor) > 1:
        return partial(_timed, partial(run_photos, model, (tensor, is_own)))
    return partial(run_photo, model, tensor.reshape(tensor.shape[1:]))


def _timed(run: Callable[[], Outputs]) -> Predicted:
    began = perf_counter()
    outputs = run()
    return Predicted(outputs, began, perf_counter())


def _served(name: str, version: str | None):
    """The model of that name, in the version asked for or the newest one."""
    if version is None:
        return find_model(name)
    if not re.fullmatch("[0-9]{1,18}", version, re.ASCII):
        abort(404, f"{name!r} has no version {version[:40]!r}: versions are numbers")
    return find_model(name, int(version))
