"""POST /predict: a photo in, a label and its probabilities out."""

from time import perf_counter

from flask import Blueprint, current_app, jsonify, request

from webapp.answering import answer_photo
from webapp.uploads import named_model, sent_photo
from webapp.views import page

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict")
def predict():
    """HTML or JSON, as the request prefers."""
    started = perf_counter()
    with current_app.extensions["admission"].place():
        photo = sent_photo(request)
        answer = answer_photo(photo, named_model(request), started)
        if page.is_wanted():
            return page.show_answer(answer, photo)
    return jsonify(answer._asdict())


@blueprint.after_request
def keep_nothing(response):
    """Answers about a visitor's photo are in no cache."""
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response
