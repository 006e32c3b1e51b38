"""What is chosen on the page: models and options, from and for the query string."""

from typing import Any, NamedTuple

from flask import Request, url_for
from werkzeug.exceptions import HTTPException

from webapp.answering import TOP
from webapp.pages.drawings import find_drawing
from webapp.requests.uploads import is_multipart, named_models, number_of_classes


class Choices(NamedTuple):
    """The models named, and the options that are not the usual ones."""

    models: tuple[str, ...] = ()
    top: int | None = None
    why: bool = False
    originals: bool = False
    drawing: str | None = None

    @classmethod
    def of(cls, request: Request) -> "Choices":
        """Those of a request.

        Raises:
          BadRequest: `top` is no number, or there is no such drawing.
        """
        top = number_of_classes(request)
        return cls(
            tuple(filter(None, named_models(request))),
            None if top == TOP else top,
            why="why" in request.args or request.path.endswith("/explain"),
            originals="originals" in request.args,
            drawing=_drawing(request),
        )

    @classmethod
    def of_failed(cls, request: Request) -> "Choices":
        """Those of a request that may be what the error is about."""
        try:
            return cls.of(request)
        except (HTTPException, ValueError):
            return cls(tuple(filter(None, request.args.getlist("model"))))

    @property
    def address(self) -> str:
        """The page with these choices made, as a path with its query string."""
        query: dict[str, Any] = {"model": self.models, "top": self.top}
        for name in ("why", "originals"):
            query[name] = 1 if getattr(self, name) else None
        return url_for("page.index", **query, drawing=self.drawing)


def _drawing(request: Request) -> str | None:
    stated = request.args.get("drawing")
    if stated is None and is_multipart(request):
        stated = request.form.get("drawing")
    return None if stated is None else find_drawing(stated).kind
