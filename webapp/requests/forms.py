"""Parses multipart forms in memory with `multipart`.

Werkzeug's own parser takes longer for a photo than all other work outside the model.
"""

from io import BytesIO

from multipart import MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

FIELDS = 1000  # parts of a form, at most


class PhotoForm(FormDataParser):
    """The form parser of PhotoRequest; files stay in memory."""

    def _parse_multipart(self, stream, mimetype, content_length, options) -> tuple:
        form, files = [], []
        try:
            for part, content in _parts(stream.read(), options.get("boundary", "")):
                if part.filename is None:
                    form.append((part.name, content.decode(errors="replace")))
                else:
                    headers = Headers(part.headerlist)
                    file = FileStorage(
                        BytesIO(content), part.filename, part.name, headers=headers
                    )
                    files.append((part.name, file))
        except ParserLimitReached as error:
            raise RequestEntityTooLarge(
                f"the form is too large: send at most {FIELDS:,} fields, with short "
                "headers"
            ) from error
        return stream, self.cls(form), self.cls(files)


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
