"""GET /healthz, /readyz, /metrics and /openapi.json: probes, metrics and contract."""

import json
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, jsonify, request, send_file
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

blueprint = Blueprint("operations", __name__)
CONTRACT = Path(__file__).parents[1] / "openapi.json"


@blueprint.get("/healthz")
def healthz() -> dict:
    """Liveness: the process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict:
    """Readiness: models are loaded and the server is not stopping.

    `detail` is there if published models are not reloaded, which is no reason not to
    ask this server.
    """
    reloader = current_app.extensions.get("reloader")
    problem = reloader.problem if reloader else None
    detail = {"detail": problem} if problem else {}
    return {"status": "ready", "models": ready_models(), **detail}


def ready_models() -> list[str]:
    """The models that answer; 503 if there is none, or the server is stopping."""
    if not current_app.extensions["ready"].is_set():
        abort(503, "the server is stopping: ask another one")
    names = list(current_app.extensions["library"].names)
    if not names:
        abort(503, "no model is loaded: publish one, or ask another server")
    return names


@blueprint.get("/metrics")
@blueprint.get("/monitoring/prometheus/metrics")
def metrics() -> Response:
    """The metrics, in Prometheus's text format; at TensorFlow Serving's path, too."""
    text = generate_latest(current_app.extensions["metrics"].registry)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/openapi.json")
def contract() -> Response:
    """The OpenAPI description of every route, below the path that a proxy serves."""
    if not request.root_path:
        return send_file(CONTRACT, mimetype="application/json")
    servers = {"servers": [{"url": request.root_path}]}
    return jsonify(json.loads(CONTRACT.read_bytes()) | servers)
