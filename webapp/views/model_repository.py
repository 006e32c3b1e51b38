"""The model repository extension of the Open Inference Protocol: index, load, unload.

Source: https://github.com/triton-inference-server/server, in docs/protocol
"""

import hmac

from flask import Blueprint, abort, current_app, jsonify, request

from webapp.open_inference.requests import parameters_of
from webapp.requests.uploads import whole_body
from webapp.rest_api.predict_requests import parse

blueprint = Blueprint("model_repository", __name__)
MODEL = "/v2/repository/models/<name>"
STATES = {"AVAILABLE": "READY", "END": "UNAVAILABLE"}  # of TensorFlow Serving's


@blueprint.post("/v2/repository/index", strict_slashes=False)
def index():
    """Every version of every model, and its state."""
    library, only_ready = current_app.extensions["library"], _asked().get("ready")
    if not isinstance(only_ready, bool | None):
        abort(400, "'ready' must be true or false")
    repository = current_app.extensions.get("repository")
    unloaded = repository.unloaded if repository else set()
    rows = [
        _row(name, str(version), status.state, status.error)
        for name in library.known
        if name not in unloaded
        for version, status in library.statuses(name).items()
    ]
    rows += [_row(name, "", "END", "unloaded") for name in sorted(unloaded)]
    return jsonify([row for row in rows if row["state"] == "READY" or not only_ready])


@blueprint.post(f"{MODEL}/load", strict_slashes=False)
def load(name: str) -> dict:
    """Load the versions of the model that are published now."""
    repository = _repository()
    if odd := parameters_of(_asked()):
        abort(
            400,
            f"the parameter {min(odd)[:40]!r} is not offered: publish NAME/VERSION.pb "
            "in the folder of the models, then load it without parameters",
        )
    try:
        repository.load(name)
    except LookupError as error:
        abort(404, str(error))
    except (OSError, ValueError) as error:
        abort(400, str(error))
    return {}


@blueprint.post(f"{MODEL}/unload", strict_slashes=False)
def unload(name: str) -> dict:
    """Stop serving the model until it is loaded again."""
    repository = _repository()
    parameters_of(_asked())
    try:
        repository.unload(name)
    except LookupError as error:
        abort(404, str(error))
    except ValueError as error:
        abort(400, str(error))
    return {}


def _row(name: str, version: str, state: str, reason: str) -> dict[str, str]:
    state = STATES.get(state, state)
    return {"name": name, "version": version, "state": state, "reason": reason}


def _repository():
    """What loads and unloads models; 403 for a request without the token."""
    token = current_app.config["REPOSITORY_TOKEN"]
    repository = current_app.extensions.get("repository")
    if not token or repository is None:
        abort(
            403,
            "this server loads and unloads no models by request: start it with "
            "--repository-token",
        )
    sent = request.headers.get("Authorization", "")
    if not hmac.compare_digest(_bytes(sent), _bytes(f"Bearer {token}")):
        abort(
            403,
            "loading and unloading needs the server's token: send the header "
            "Authorization: Bearer TOKEN",
        )
    return repository


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _asked() -> dict:
    """The JSON object in the body; {} for an empty body."""
    body = whole_body(request)
    return parse(body) if body.strip() else {}
