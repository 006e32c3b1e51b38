"""Answers every error with one sentence, as problem+json or as the HTML page."""

from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from helpers.data.decoding import (
    BrokenPhoto,
    EmptyPhoto,
    PhotoError,
    PhotoTooLarge,
    UnknownFormat,
)
from helpers.foreign.texts import printable
from helpers.serving.non_finite import NonFiniteAnswer
from helpers.serving.refused_input import RefusedInput
from webapp.requests.hosts import PROBLEM
from webapp.views import open_inference, page, tensorflow_serving

PHOTO_STATUS = {
    EmptyPhoto: 400,
    PhotoTooLarge: 413,
    UnknownFormat: 415,
    BrokenPhoto: 422,
}


def answer_errors(app: Flask) -> None:
    """Register the handlers: for photos, models, HTTP errors, and bugs of the app."""
    app.register_error_handler(PhotoError, _photo_error)
    app.register_error_handler(NonFiniteAnswer, _model_error)
    app.register_error_handler(RefusedInput, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _photo_error(error: PhotoError) -> Response:
    return _problem(PHOTO_STATUS[type(error)], str(error))


def _model_error(error: NonFiniteAnswer) -> Response:
    """502: the app passes a request on to the network, whose answer is no number."""
    return _problem(502, str(error))


def _http_error(error: HTTPException) -> BaseResponse:
    if (
        error.response is not None or (error.code or 500) < 400
    ):  # a finished response, or a redirect
        return error.get_response()
    status, sentence = error.code or 500, error.description
    if not sentence or sentence == type(error).description:  # Werkzeug's own
        if status == 404 and request.path.startswith(tensorflow_serving.ROOT):
            status = 400  # as TensorFlow Serving answers
        sentence = _default_sentence(status)
    answer = _problem(status, sentence)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "Accept-Encoding"):
            answer.headers[name] = value
    return answer


def _default_sentence(status: int) -> str:
    page_path = f"{request.root_path}/"
    path = request.root_path + request.path
    path = path if len(path) < 80 else "this address"
    if _is_rest_api() and status in (400, 404, 405):
        return f"Malformed request: {request.method} {path}"
    if status == 404:
        return f"there is nothing at {path}: the page is at {page_path}"
    if status == 405:
        return f"{path} does not answer {request.method}: the page is at {page_path}"
    if status == 413:
        megabytes = current_app.config["MAX_BYTES"] / 1e6
        return f"more than the allowed {megabytes:g} MB came: send a smaller copy"
    return "this request cannot be understood: send a photo to POST /predict"


def _refused(error: RefusedInput) -> Response:
    return _problem(400, str(error))


def _bug(error: Exception) -> Response:
    from tensorflow.errors import OpError, ResourceExhaustedError  # with the models

    if isinstance(error, (MemoryError, ResourceExhaustedError)):
        return _problem(413, "this needs more memory than there is: send less at once")
    if isinstance(error, OpError):
        from helpers.serving.run_errors import run_cause  # imports TensorFlow

        return _problem(400, f"the network refuses this input: {run_cause(error)}")
    current_app.logger.exception(
        "request %s: %s %r failed", g.request_id, request.method, request.path
    )
    return _problem(
        500, f"this is our mistake, not yours; the log has it as request {g.request_id}"
    )


def _is_rest_api() -> bool:
    roots = (tensorflow_serving.ROOT, open_inference.ROOT)
    return f"{request.path}/".startswith(roots)


def _problem(status: int, text: str) -> Response:
    """The error as `application/problem+json` (RFC 9457) or as the HTML page.

    Under /v1/ and /v2/ it has the form that TensorFlow Serving, and the Open Inference
    Protocol, give their errors.
    """
    text = printable(text)
    if _is_rest_api():
        return tensorflow_serving.show_problem(status, text)
    detail = text[:1].upper() + text[1:] + ("" if text[-1:] in ".?!" else ".")
    title = HTTPStatus(status).phrase
    # Not the page where the host is refused: it names the models, and a script of the
    # page that made its name lead here (DNS rebinding) could read them.
    if page.is_wanted() and PROBLEM not in request.environ:
        answer = page.show_problem(status, title, detail)
    else:
        answer = jsonify(type="about:blank", title=title, status=status, detail=detail)
        answer.content_type = "application/problem+json"
        answer.status_code = status
    answer.vary.add("Accept")
    return answer
