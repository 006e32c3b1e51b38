"""The drawings that the page offers to try; `helpers.data.drawings` made them."""

from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from werkzeug.exceptions import BadRequest

SIDE = 256  # pixels


class Drawing(NamedTuple):
    """A drawing in `static/`: that of `draw(kind, seed, SIDE)`, as a JPEG."""

    kind: str
    seed: int

    @property
    def file_name(self) -> str:
        """Its name in `static/`."""
        return f"drawing-{self.kind}.jpg"

    def read(self) -> bytes:
        """The JPEG's bytes."""
        return Path(current_app.static_folder or "", self.file_name).read_bytes()


DRAWINGS = (
    Drawing("cat", 6),
    Drawing("dog", 0),
    Drawing("rabbit", 5),
    Drawing("flower", 3),
    Drawing("boat", 7),
    Drawing("cup", 1),
)


def find_drawing(kind: str) -> Drawing:
    """The drawing of that kind.

    Raises:
      BadRequest: there is none; the sentence names the closest.
    """
    kinds = {drawing.kind: drawing for drawing in DRAWINGS}
    if kind not in kinds:
        closest = get_close_matches(kind[:40], kinds, n=1)
        hint = f"did you mean {closest[0]!r}?" if closest else f"try {', '.join(kinds)}"
        raise BadRequest(f"there is no drawing of {kind[:40]!r}: {hint}")
    return kinds[kind]
