"""The photo a request carries, in memory from the first byte to the last."""

from io import BytesIO

import numpy as np
from flask import Request, current_app
from werkzeug.exceptions import BadRequest, LengthRequired

from helpers.decoding import decode_photo

FIELD = "image"


class PhotoRequest(Request):
    """A request whose uploads never touch the disk.

    Werkzeug's own spools every file over 500 kB into a temporary one.
    """

    def _get_file_stream(self, *args, **kwargs) -> BytesIO:
        return BytesIO()


def sent_photo(request: Request) -> bytes:
    """The bytes of the photo: the multipart field `image`, or the whole body."""
    body = _whole_body(request)
    if not body:
        raise BadRequest(
            f'no photo was sent: put it in the multipart field "{FIELD}", '
            "or send it as the body"
        )
    return _file(request) if _is_multipart(request) else body


def named_model(request: Request) -> str | None:
    """The model that the address, or the form beside the photo, asks for."""
    named = request.args.get("model")
    if not named and _is_multipart(request):
        named = request.form.get("model")
    return named or None


def pixels(photo: bytes, size: int) -> np.ndarray:
    """The photo as uint8 RGB, shape [size, size, 3], within the app's limits."""
    limits = current_app.config
    return decode_photo(
        photo, size, max_bytes=limits["MAX_BYTES"], max_pixels=limits["MAX_PIXELS"]
    )


def _is_multipart(request: Request) -> bool:
    return request.mimetype == "multipart/form-data"


def _whole_body(request: Request) -> bytes:
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired(
            "the request does not say how long it is: send a Content-Length "
            "instead of a chunked body"
        )
    body = request.get_data()
    promised = request.content_length or 0
    if len(body) < promised:
        raise BadRequest(
            f"the upload broke off after {len(body):,} of {promised:,} bytes: "
            "send it again"
        )
    return body


def _file(request: Request) -> bytes:
    photo = request.files.get(FIELD)
    if photo is None:
        raise BadRequest(_what_came_instead(request))
    data = photo.read()
    if not data and not photo.filename:  # a form sent with nothing chosen
        raise BadRequest("no photo was chosen: choose one, then ask again")
    return data


def _what_came_instead(request: Request) -> str:
    if FIELD in request.form:
        return (
            f'the field "{FIELD}" holds text, not a file: send a file '
            f"(with curl, -F {FIELD}=@photo.jpg)"
        )
    names = ", ".join(f'"{name[:40]}"' for name in sorted(request.files))
    came = f"files came in {names}" if names else "no file came"
    return f'no photo in the multipart field "{FIELD}": {came}'
