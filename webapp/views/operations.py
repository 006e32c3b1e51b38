"""GET /healthz and /readyz: for whoever keeps the server running."""

from flask import Blueprint, abort, current_app

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def healthz() -> dict:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict:
    """The process wants photos: the models are loaded and it is not stopping."""
    if not current_app.extensions["ready"].is_set():
        abort(503, "the server is stopping: ask another one")
    return {"status": "ready", "models": list(current_app.extensions["library"].names)}
