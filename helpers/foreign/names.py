"""Checks the names of a network's classes: each is one line and told from others."""

from collections.abc import Sequence
from unicodedata import category, normalize

from helpers.foreign.texts import is_visible, shown, text_problem

MOST_NAMES = 100_000
LONGEST = 500  # characters


def names_problem(names: Sequence[object]) -> str | None:
    """Why these are no names of classes; None: they are.

    Two names are the same if they have the same normal form (NFC) without spaces
    around it and characters that are never seen. Names in upper and lower case differ:
    networks that read letters have both.
    """
    if len(names) > MOST_NAMES:
        return f"{len(names):,} names are too many: at most {MOST_NAMES:,} are read"
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if problem := _problem_of(name):
            return f"name {place + 1:,} {problem}"
        assert isinstance(name, str)
        seen = _as_seen(name)
        first = places.setdefault(seen, place)
        if first != place:
            return _same(names, first, place)
    return None


def _problem_of(name: object) -> str | None:
    if not isinstance(name, str):
        return f"is {shown(name)}, not a text"
    if len(name) > LONGEST:
        return f"has {len(name):,} characters: {LONGEST} are the most"
    if problem := text_problem(name, is_name=True):
        return problem
    return None if is_visible(name) else f"is empty: {shown(name)}"


def _as_seen(name: str) -> str:
    if name.isascii():
        return name.strip()
    seen = "".join(one for one in normalize("NFC", name) if category(one) != "Cf")
    return seen.strip()


def _same(names: Sequence[object], first: int, second: int) -> str:
    places = f"(names {first + 1:,} and {second + 1:,})"
    one, other = names[first], names[second]
    if one == other:
        return f"{shown(one)} is there more than once {places}"
    return f"{_spelt(one)} and {_spelt(other)} look the same {places}"


def _spelt(name: object) -> str:
    """A name in ASCII, for what differs is not seen."""
    text = ascii(name)
    return text if len(text) <= 80 else f"{text[:78]} …"
