"""The photos and model names in a request; uploads are never written to disk."""

import re
from io import BytesIO
from typing import IO, NamedTuple, TypedDict

from flask import Request, current_app
from werkzeug.exceptions import BadRequest
from werkzeug.utils import cached_property
from werkzeug.wsgi import get_input_stream

from webapp.requests.bodies import read_body, unpacked
from webapp.requests.forms import FIELD, PhotoForm
from webapp.requests.hosts import PROBLEM, is_host
from webapp.serving.body_budget import SHARE


class PhotoRequest(Request):
    """A request whose uploads stay in memory.

    Werkzeug writes every file over 500 kB to a temporary file.
    """

    form_data_parser_class = PhotoForm

    def __init__(self, environ: dict, *args, **settings) -> None:
        """A host that no link can be made with is taken out, for the app to refuse."""
        host = environ.get("HTTP_HOST")
        if host and not is_host(host):
            environ["HTTP_HOST"] = ""
            problem = f"there is no host {host[:80]!r}: send this server's own name"
            environ.setdefault(PROBLEM, problem)
        super().__init__(environ, *args, **settings)

    @cached_property
    def stream(self) -> IO[bytes]:
        """The whole body, unpacked; Werkzeug would read it in small pieces.

        Raises:
          BadRequest: the body is incomplete or damaged.
          RequestEntityTooLarge: it is longer than the app allows.
          ServiceUnavailable: the bodies of other requests fill the budget.
          UnsupportedMediaType: its Content-Encoding is not understood.
        """
        most = self.max_content_length
        body = read_body(get_input_stream(self.environ), self.content_length, most)
        encoding = self.headers.get("Content-Encoding", "")
        share = self.environ.get(SHARE)  # not set by other servers
        return BytesIO(unpacked(body, encoding, most, share))


class Upload(NamedTuple):
    """An uploaded photo; its file name is not trusted."""

    name: str
    data: bytes


def sent_photo(request: Request) -> bytes:
    """The bytes of the one photo: the multipart field `image`, or the whole body."""
    uploads = sent_photos(request)
    if len(uploads) > 1:
        raise BadRequest(f"{len(uploads)} photos came: send one in each request")
    return uploads[0].data


def sent_photos(request: Request) -> list[Upload]:
    """The photos of a request, at least one."""
    body = whole_body(request)
    if not body:
        raise BadRequest(
            f'no photo was sent: put it in the multipart field "{FIELD}", '
            "or send it as the body"
        )
    return _files(request) if is_multipart(request) else [Upload("", body)]


def named_model(request: Request) -> str | None:
    """The one model named in the query string or the form; None: the default."""
    names = named_models(request)
    if len(names) > 1:
        raise BadRequest(f"{len(names)} models were named: name one in each request")
    return names[0]


def named_models(request: Request) -> list[str | None]:
    """The models named, each once; [None] where none is: the default model."""
    names = request.args.getlist("model")
    if not any(names) and is_multipart(request):
        names = request.form.getlist("model")
    return list(dict.fromkeys(filter(None, names))) or [None]


class Limits(TypedDict):
    """The limits of a photo, as arguments of `decode_photo` and a model's `decode`."""

    max_bytes: int
    max_pixels: int


def limits() -> Limits:
    """The app's limits of a photo."""
    config = current_app.config
    return {"max_bytes": config["MAX_BYTES"], "max_pixels": config["MAX_PIXELS"]}


def number_of_classes(request: Request) -> int | None:
    """The number `top` in the query string or the form; None: it is not stated."""
    stated = request.args.getlist("top")
    if is_multipart(request):
        stated += request.form.getlist("top")
    if not stated:
        return None
    if len(stated) > 1 or not re.fullmatch(r"0*[0-9]{1,6}", stated[0], re.ASCII):
        raise BadRequest(
            f"top is {', '.join(stated)[:40]!r}: send the number of classes to be "
            "named, like 5"
        )
    return int(stated[0])


def is_multipart(request: Request) -> bool:
    return request.mimetype == "multipart/form-data"


def whole_body(request: Request) -> bytes:
    """The body, unpacked; its errors are those of `PhotoRequest.stream`."""
    return request.get_data()


def _files(request: Request) -> list[Upload]:
    files = request.files.getlist(FIELD)
    if not files:
        raise BadRequest(_describe_fields(request))
    uploads = [Upload(file.filename or "", file.read()) for file in files]
    if not any(uploads[0]):  # a form sent with nothing chosen
        raise BadRequest("no photo was chosen: choose one, then ask again")
    return uploads


def _describe_fields(request: Request) -> str:
    if FIELD in request.form:
        return (
            f'the field "{FIELD}" holds text, not a file: send a file '
            f"(with curl, -F {FIELD}=@photo.jpg)"
        )
    names = ", ".join(f'"{name[:40]}"' for name in sorted(request.files))
    came = f"files came in {names}" if names else "no file came"
    return f'no photo in the multipart field "{FIELD}": {came}'
