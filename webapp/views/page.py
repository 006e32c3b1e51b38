"""GET /, and answers and errors as HTML that works without JavaScript."""

from time import perf_counter
from typing import NamedTuple

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import RequestEntityTooLarge

from helpers.data.decoding import PhotoError
from webapp.answering import Answer, answer_photo, find_model
from webapp.pages.card_text import accuracy_sentence, pretty, results
from webapp.pages.thumbnails import Picture, heat_map, thumbnail
from webapp.requests.uploads import Upload, named_models, sent_photos

blueprint = Blueprint("page", __name__)
MOST_ANSWERS = 20  # on one page
for template_filter in (accuracy_sentence, pretty, results):
    blueprint.add_app_template_filter(template_filter)


class PhotoResult(NamedTuple):
    """A photo with its answers and their heat maps, or the error instead."""

    name: str
    photo: Picture | None = None
    answers: list[tuple[Answer, Picture | None]] = []  # noqa: RUF012 (never changed)
    problem: PhotoError | None = None


@blueprint.get("/")
def index() -> str:
    """The page without answers."""
    return render_template("index.html", **_form([request.args.get("model")]))


def is_wanted() -> bool:
    """Whether the request prefers HTML, as browsers do; programs get JSON."""
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html"


def show_answers(started: float, *, why: bool) -> str:
    """The page with the answers of each named model for each photo of the request."""
    uploads, names = sent_photos(request), named_models(request)
    if len(uploads) * len(names) > MOST_ANSWERS:
        raise RequestEntityTooLarge(
            f"{len(uploads) * len(names)} answers were asked for: with fewer photos "
            f"or models, ask for at most {MOST_ANSWERS} at once"
        )
    photo_results = []
    for upload in uploads:
        photo_results.append(_photo_result(upload, names, started, why))
        started = perf_counter()
    problem = photo_results[0].problem
    if problem and not any(result.answers for result in photo_results):
        raise problem
    return render_template("answer.html", photo_results=photo_results, **_form(names))


def show_problem(status: int, title: str, detail: str) -> Response:
    """The page with the sentence that describes the error."""
    problem = {"status": status, "title": title, "detail": detail}
    form = _form([request.args.get("model")])
    return make_response(render_template("problem.html", **problem, **form), status)


def _photo_result(
    upload: Upload, names: list, started: float, why: bool
) -> PhotoResult:
    answers = []
    try:
        for name in names:
            answer = answer_photo(upload.data, name, started, why=why)
            heat = heat_map(answer.why, upload.data) if answer.why else None
            answers.append((answer, heat))
            started = perf_counter()
        photo = None if _is_fragment() else thumbnail(upload.data)
    except PhotoError as error:
        return PhotoResult(upload.name, problem=error)
    return PhotoResult(upload.name, photo, answers)


def _is_fragment() -> bool:
    """Whether the page's script asks for the answer alone, to insert it."""
    return "fragment" in request.args


def _form(chosen: list[str | None]) -> dict:
    """The variables of every template: the models to choose from, and the chosen."""
    library = current_app.extensions["library"]
    models = [find_model(name) for name in library.names]
    names = {name for name in chosen if name in library.names} or {library.names[0]}
    return {
        "models": models,
        "chosen": names,
        "fragment": _is_fragment(),
    }
