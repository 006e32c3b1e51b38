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
from helpers.foreign.texts import printable
from helpers.serving.non_finite import NonFiniteAnswer
from webapp.answering import TOP, Answer, answer_photo, explains, find_model
from webapp.pages import card_text
from webapp.pages.choices import Choices
from webapp.pages.drawings import DRAWINGS, find_drawing
from webapp.pages.example_requests import example_request, takes_sentence
from webapp.pages.output_tables import headline, output_tables
from webapp.pages.photo_examples import PhotoExample
from webapp.pages.questions import GENERAL, common_question, question
from webapp.pages.thumbnails import Picture, heat_map, thumbnail
from webapp.requests.addresses import whole_address
from webapp.requests.uploads import Upload, named_models, sent_photos, whole_body

blueprint = Blueprint("page", __name__)
MOST_ANSWERS = 20  # on one page
TOPS = (3, TOP, 10, 20)  # numbers of classes that the page offers
for template_filter in (
    card_text.accuracy_sentence,
    card_text.pretty,
    card_text.results,
    explains,
    headline,
    output_tables,
    question,
    takes_sentence,
):
    blueprint.add_app_template_filter(template_filter)
blueprint.add_app_template_global(whole_address)


@blueprint.app_template_filter()
def awaited(class_name: str) -> tuple[str, None]:
    """A class without a probability, for the page before the first answer."""
    return class_name, None


class Shown(NamedTuple):
    """One model's answer for a photo and its heat map, or the error instead."""

    answer: Answer | None = None
    heat: Picture | None = None
    problem: Exception | None = None
    classes: int = 0  # of the model
    explains: bool = False  # whether the answer can be explained
    example: PhotoExample | None = None


class PhotoResult(NamedTuple):
    """A photo and what each model says of it."""

    name: str
    photo: Picture | None
    shown: list[Shown]

    @property
    def problem(self) -> Exception | None:
        """The first error, if no model has answered."""
        return None if any(one.answer for one in self.shown) else self.shown[0].problem


def html(template: str, **variables) -> str:
    """The rendered template; a character that UTF-8 cannot encode becomes a ?."""
    text = render_template(template, fragment=_is_fragment(), **variables)
    return text.encode(errors="replace").decode()


@blueprint.get("/")
def index() -> str:
    """The page without answers."""
    return html("index.html", **_form(Choices.of(request)))


def is_wanted() -> bool:
    """Whether the request prefers HTML, as browsers do; programs get JSON."""
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html"


def show_answers(started: float, *, why: bool) -> str:
    """The page with the answers of each named model for each photo of the request."""
    whole_body(request)  # cached now, for parsing the form uses it up
    choices, names = Choices.of(request), named_models(request)
    uploads = _uploads(choices)
    if len(uploads) * len(names) > MOST_ANSWERS:
        raise RequestEntityTooLarge(
            f"{len(uploads) * len(names)} answers were asked for: with fewer photos "
            f"or models, ask for at most {MOST_ANSWERS} at once"
        )
    reasons = _explained(names) if why else []
    photo_results = []
    for upload in uploads:
        shown = []
        for name in names:
            shown.append(_shown(upload, name, started, choices, name in reasons))
            started = perf_counter()
        photo = _thumbnail(upload, shown)
        photo_results.append(PhotoResult(printable(upload.name), photo, shown))
    problems = [result.problem for result in photo_results]
    if problems[0] and all(problems):
        raise problems[0]
    form = {} if _is_fragment() else _form(choices)
    return html("answer.html", photo_results=photo_results, **form)


def show_problem(status: int, title: str, detail: str) -> Response:
    """The page with the sentence that describes the error."""
    problem = {"status": status, "title": title, "detail": detail}
    form = {} if _is_fragment() else _form(Choices.of_failed(request))
    return make_response(html("problem.html", **problem, **form), status)


def _uploads(choices: Choices) -> list[Upload]:
    """The photos sent, or the drawing that is named instead."""
    if choices.drawing is None:
        return sent_photos(request)
    drawing = find_drawing(choices.drawing)
    return [Upload(drawing.file_name, drawing.read())]


def _explained(names: list[str | None]) -> list[str | None]:
    """The models whose answers can be explained; all, to be refused, if none can."""
    return [name for name in names if explains(find_model(name).model)] or names


def _shown(
    upload: Upload, name: str | None, started: float, choices: Choices, why: bool
) -> Shown:
    model, photo = find_model(name).model, upload.data
    top = _top(choices, model)
    try:
        answer = answer_photo(photo, name, started, top=top, why=why)
    except (PhotoError, NonFiniteAnswer) as error:
        return Shown(problem=error)
    heat = _heat(answer, photo, model)
    example = PhotoExample(
        whole_address("predict.explain" if why else "predict.predict"),
        answer.model,
        upload.name,
        top,
        _address(choices.drawing) if choices.drawing else None,
    )
    return Shown(
        answer,
        heat,
        classes=len(model.class_names),
        explains=explains(model),
        example=example,
    )


def _heat(answer: Answer, photo: bytes, model) -> Picture | None:
    """The heat map, if the answer is explained and some part of the photo decides."""
    if answer.why is None or not answer.why.is_decided_by_a_part:
        return None
    return heat_map(answer.why, photo, model.preprocessing)


def _top(choices: Choices, model) -> int | None:
    """How many classes to name: all, if there are fewer; one form asks many models."""
    if choices.top is None or not model.class_names:
        return None
    return min(choices.top, len(model.class_names))


def _address(drawing: str) -> str:
    name = find_drawing(drawing).file_name
    return whole_address("static", filename=name)


def _thumbnail(upload: Upload, shown: list[Shown]) -> Picture | None:
    """A small copy of a photo that was decoded; the page's script has its own."""
    is_decoded = not any(isinstance(one.problem, PhotoError) for one in shown)
    return thumbnail(upload.data) if is_decoded and not _is_fragment() else None


def _is_fragment() -> bool:
    """Whether the page's script asks for the answer alone, to insert it."""
    return "fragment" in request.args


def _form(choices: Choices) -> dict:
    """The variables of every template: what can be chosen, and what is."""
    served = current_app.extensions["library"].newest()
    asking = [one for one in served if one.model.takes_photos]
    names = [one.name for one in asking if one.name in choices.models]
    names = names or [one.name for one in asking[:1]]
    named = [one.model for one in asking if one.name in names]
    return {
        "models": asking,
        "chosen": names,
        "choices": choices._replace(models=tuple(names)),
        "unknown": sorted(
            map(printable, {*choices.models}.difference(one.name for one in served))
        ),
        "question": common_question(named or [one.model for one in served]),
        "general": GENERAL,
        "usual_top": TOP,
        "tops": sorted({*TOPS, choices.top or TOP}),
        "drawings": DRAWINGS,
        "most_photos": MOST_ANSWERS,
        "others": [
            (one, _example(one), one.name in choices.models or not asking)
            for one in served
            if not one.model.takes_photos
        ],
    }


def _example(served) -> str:
    """The example request for a model that takes no photos."""
    address = whole_address("tensorflow_serving.predict", name=served.name)
    return example_request(served.model, address)
