"""GET / and the answers for people: HTML that works without JavaScript."""

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
)

from webapp.answering import Answer
from webapp.thumbnails import thumbnail

blueprint = Blueprint("page", __name__)


@blueprint.get("/")
def index() -> str:
    """The page, waiting for a photo."""
    library = current_app.extensions["library"]
    models = [library.model(name) for name in library.names]
    choices = _choices(request.args.get("model"))
    return render_template("index.html", models=models, merits=_merits, **choices)


def is_wanted() -> bool:
    """Whether the request prefers HTML, as browsers do; programs get JSON."""
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html"


def show_answer(answer: Answer, photo: bytes) -> str:
    """The page with the photo and what the model says of it."""
    return render_template(
        "answer.html",
        answer=answer,
        photo=thumbnail(photo),
        **_choices(answer.model),
    )


def show_problem(status: int, title: str, detail: str) -> Response:
    """The page with the sentence that says what went wrong."""
    said = {"status": status, "title": title, "detail": detail}
    choices = _choices(request.args.get("model"))
    return make_response(render_template("problem.html", **said, **choices), status)


def _choices(chosen: str | None) -> dict:
    library = current_app.extensions["library"]
    names = library.names
    chosen = chosen if chosen in names else names[0]
    return {"names": names, "served": library.model(chosen)}


def _merits(card: dict) -> str:
    """How good the card says the model is; a foreign card may say nothing of it."""
    try:
        results = [
            f"{result['accuracy']:.1%} on {result['count']:,} {pictures}"
            for pictures, result in card["held_out"].items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""
    return f", right answers: {' and '.join(results)} it never saw"
