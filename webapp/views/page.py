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
from helpers.serving.non_finite import NonFiniteAnswer
from webapp.answering import Answer, answer_photo, explains, find_model
from webapp.pages import card_text
from webapp.pages.example_requests import example_request, takes_sentence
from webapp.pages.output_tables import headline, output_tables
from webapp.pages.thumbnails import Picture, heat_map, thumbnail
from webapp.requests.uploads import (
    Upload,
    named_models,
    number_of_classes,
    sent_photos,
)

blueprint = Blueprint("page", __name__)
MOST_ANSWERS = 20  # on one page
for template_filter in (
    card_text.accuracy_sentence,
    card_text.pretty,
    card_text.results,
    explains,
    headline,
    output_tables,
    takes_sentence,
):
    blueprint.add_app_template_filter(template_filter)


@blueprint.app_template_filter()
def awaited(class_name: str) -> tuple[str, None]:
    """A class without a probability, for the page before the first answer."""
    return class_name, None


class Shown(NamedTuple):
    """One model's answer for a photo and its heat map, or the error instead."""

    answer: Answer | None = None
    heat: Picture | None = None
    problem: Exception | None = None
    explains: bool = False  # whether the answer can be explained


class PhotoResult(NamedTuple):
    """A photo and what each model says of it."""

    name: str
    photo: Picture | None
    shown: list[Shown]

    @property
    def problem(self) -> Exception | None:
        """The first error, if no model has answered."""
        return None if any(one.answer for one in self.shown) else self.shown[0].problem


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
    top, reasons = number_of_classes(request), _explained(names) if why else []
    photo_results = []
    for upload in uploads:
        shown = []
        for name in names:
            shown.append(_shown(upload.data, name, started, top, name in reasons))
            started = perf_counter()
        photo_results.append(PhotoResult(upload.name, _thumbnail(upload, shown), shown))
    problems = [result.problem for result in photo_results]
    if problems[0] and all(problems):
        raise problems[0]
    return render_template("answer.html", photo_results=photo_results, **_form(names))


def show_problem(status: int, title: str, detail: str) -> Response:
    """The page with the sentence that describes the error."""
    problem = {"status": status, "title": title, "detail": detail}
    form = _form([request.args.get("model")])
    return make_response(render_template("problem.html", **problem, **form), status)


def _explained(names: list[str | None]) -> list[str | None]:
    """The models whose answers can be explained; all, to be refused, if none can."""
    return [name for name in names if explains(find_model(name).model)] or names


def _shown(
    photo: bytes, name: str | None, started: float, top: int | None, why: bool
) -> Shown:
    model = find_model(name).model
    try:
        answer = answer_photo(photo, name, started, top=top, why=why)
    except (PhotoError, NonFiniteAnswer) as error:
        return Shown(problem=error)
    heat = heat_map(answer.why, photo, model.preprocessing) if answer.why else None
    return Shown(answer, heat, explains=explains(model))


def _thumbnail(upload: Upload, shown: list[Shown]) -> Picture | None:
    """A small copy of a photo that was decoded; the page's script has its own."""
    is_decoded = not any(isinstance(one.problem, PhotoError) for one in shown)
    return thumbnail(upload.data) if is_decoded and not _is_fragment() else None


def _is_fragment() -> bool:
    """Whether the page's script asks for the answer alone, to insert it."""
    return "fragment" in request.args


def _form(chosen: list[str | None]) -> dict:
    """The variables of every template: the models to choose from, and the chosen."""
    library = current_app.extensions["library"]
    served = [find_model(name) for name in library.names]
    asking = [one for one in served if one.model.takes_photos]
    names = {one.name for one in asking}
    return {
        "models": asking,
        "chosen": names.intersection(chosen) or {one.name for one in asking[:1]},
        "others": [
            (one, _example(one), one.name in chosen or not asking)
            for one in served
            if not one.model.takes_photos
        ],
        "fragment": _is_fragment(),
    }


def _example(served) -> str:
    """The example request for a model that takes no photos."""
    address = f"{request.host_url}v1/models/{served.name}:predict"
    return example_request(served.model, address)
