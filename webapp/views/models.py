"""GET /models: what is loaded, and how it is doing."""

from flask import Blueprint, Response, current_app, jsonify, render_template

from webapp.reports import report
from webapp.views import page

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
def models() -> Response | str:
    """HTML or JSON, as the request prefers."""
    told = report(current_app.extensions["library"], current_app.extensions["metrics"])
    return render_template("models.html", **told) if page.is_wanted() else jsonify(told)


@blueprint.after_request
def keep_nothing(response: Response) -> Response:
    """It is another at every look."""
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response
