"""GET /models: the loaded models, their versions and their statistics."""

from flask import Blueprint, Response, current_app, jsonify

from webapp.pages.model_report import model_report
from webapp.views import page

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
def models() -> Response | str:
    """HTML or JSON, as the request prefers."""
    report = model_report(
        current_app.extensions["library"], current_app.extensions["metrics"]
    )
    if page.is_wanted():
        return page.html("models.html", **report)
    return jsonify(report)


@blueprint.after_request
def forbid_caching(response: Response) -> Response:
    """Every answer may differ from the one before."""
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response
