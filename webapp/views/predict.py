"""POST /predict and /explain: the label and the probabilities of a photo."""

from flask import Blueprint, current_app, jsonify, request

from webapp.answering import answer_photo
from webapp.requests.uploads import named_model, number_of_classes, sent_photo
from webapp.views import page

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict")
def predict():
    """The answer as HTML or JSON, as the request prefers."""
    return _answer(why=False)


@blueprint.post("/explain")
def explain():
    """The same, with the heat map: how covering each part changes the probability."""
    return _answer(why=True)


def _answer(*, why: bool):
    arrived = current_app.extensions["admission"].arrived()
    if page.is_wanted():
        return page.show_answers(arrived, why=why)
    photo, name = sent_photo(request), named_model(request)
    top = number_of_classes(request)
    return jsonify(answer_photo(photo, name, arrived, top=top, why=why).as_json())


@blueprint.after_request
def forbid_caching(response):
    """Answers about an uploaded photo are never cached."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    return response
