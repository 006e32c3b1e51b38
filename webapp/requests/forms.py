"""Parses multipart forms in memory with `multipart`.

Werkzeug's own parser takes longer for a photo than all other work outside the model.
"""

from io import BytesIO

from multipart import MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from helpers.data.photo_formats import UnknownFormat, format_of

FIELD = "image"
FIELDS = 1000  # parts of a form, at most


class PhotoForm(FormDataParser):
    """The form parser of PhotoRequest; files stay in memory."""

    def _parse_multipart(self, stream, mimetype, content_length, options) -> tuple:
        form, files = [], []
        try:
            for part, content in _parts(stream.read(), options.get("boundary", "")):
                name, file_name = part.name or "", _file_name(part, content)
                if file_name is None:
                    form.append((name, content.decode(errors="replace")))
                else:
                    headers = Headers(part.headerlist)
                    file = FileStorage(
                        BytesIO(content), file_name, name, headers=headers
                    )
                    files.append((name, file))
        except ParserLimitReached as error:
            raise RequestEntityTooLarge(
                f"the form is too large: send at most {FIELDS:,} fields, with short "
                "headers"
            ) from error
        return stream, self.cls(form), self.cls(files)


def _file_name(part: MultipartSegment, content: bytes) -> str | None:
    """The part's file name, "" for a picture without one; None: it is no file."""
    if part.filename is not None:
        return part.filename
    described = part.header("Content-Disposition", "")
    if "*" in described:  # RFC 6266: filename*=UTF-8''photo.jpg
        _, options = parse_options_header(described)
        if "filename" in options:
            return options["filename"]
    is_picture = (part.content_type or "").startswith("image/")
    if is_picture or (part.name == FIELD and _is_photo(content)):
        return ""
    return None


def _is_photo(content: bytes) -> bool:
    try:
        return bool(format_of(content))
    except UnknownFormat:
        return False


def _parts(body: bytes, boundary: str) -> list[tuple[MultipartSegment, bytes]]:
    """Each part of the form with its content.

    Raises:
      MultipartError: the body is malformed or incomplete; it is a ValueError.
    """
    found: list[tuple[MultipartSegment, list[bytes]]] = []
    with PushMultipartParser(boundary, max_segment_count=FIELDS) as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                found.append((event, []))
            elif event is not None:
                found[-1][1].append(event)
    return [(part, b"".join(content)) for part, content in found]
