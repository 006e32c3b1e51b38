"""Which names a model may have: those that a URL, a metric's label and a page carry."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

MAX_LENGTH = 128  # characters
NAME = re.compile(r"[\w.-]+")
NOT_MODELS = ("__pycache__",)
SHOWN = 80  # characters of an unknown name or label in a message


def name_problem(name: str) -> str | None:
    """Why no model may have this name; None: it may.

    The text continues a sentence that begins with the name.
    """
    if name.startswith("."):
        return "begins with a dot, as hidden files do"
    if name in NOT_MODELS:
        return "is a folder that Python writes"
    if not NAME.fullmatch(name):
        return "has more in it than letters, digits, _, . and -"
    if len(name) > MAX_LENGTH:
        return f"has more than {MAX_LENGTH} characters"
    return None


def closest(name: str, names: Iterable[str]) -> str:
    """A name in quotes, and the closest of those that exist as a question."""
    close = get_close_matches(name[:200], [*names], 1, 0)
    return f"{name[:SHOWN]!r}" + (f": did you mean {close[0]!r}?" if close else "")
