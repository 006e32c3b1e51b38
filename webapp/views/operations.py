"""GET /healthz, /readyz, /metrics and /openapi.json: probes, metrics and contract."""

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_file
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

blueprint = Blueprint("operations", __name__)
CONTRACT = Path(__file__).parents[1] / "openapi.json"


@blueprint.get("/healthz")
def healthz() -> dict:
    """Liveness: the process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict:
    """Readiness: the models are loaded and the server is not stopping."""
    if not current_app.extensions["ready"].is_set():
        abort(503, "the server is stopping: ask another one")
    return {"status": "ready", "models": list(current_app.extensions["library"].names)}


@blueprint.get("/metrics")
def metrics() -> Response:
    """The metrics, in Prometheus's text format."""
    text = generate_latest(current_app.extensions["metrics"].registry)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/openapi.json")
def contract() -> Response:
    """The OpenAPI description of every route."""
    return send_file(CONTRACT, mimetype="application/json")
