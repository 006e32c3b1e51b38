"""Parses JSON from outside, with bounds on its size, depth, numbers and characters."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from helpers.foreign.files import not_utf_8
from helpers.foreign.texts import NOT_IN_UTF_8, escaped, printable, shown, text_problem

MOST_DIGITS = 40  # of a whole number; 64 bits have 20


class Bounds(NamedTuple):
    """How much JSON is read.

    Attributes:
      checks_texts: whether texts with control characters are refused.
    """

    most_bytes: int
    depth: int
    checks_texts: bool = True


DESCRIPTION = Bounds(4 * 10**6, 32)  # model cards, class names, labels of versions
# The configurations of Keras: Keras 1 wrote bytecode into texts.
KERAS = Bounds(64 * 10**6, 300, checks_texts=False)


class JsonProblem(ValueError):
    """Why a text is refused that is JSON; it begins with the text's place."""


class _Odd(Exception):
    """A value is refused; `path` leads to it, the innermost step first."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.path: list[str] = []


def parse_json(
    text: bytes | str,
    where: object,
    bounds: Bounds = DESCRIPTION,
    wanted: str = "JSON",
) -> Any:
    """The value of a JSON text; its objects and lists are as Python's json makes them.

    Args:
      where: the name of the text, for the error message.
      wanted: what it should be, for the error message.
    Raises:
      JsonProblem: it is too long, too deep, has a key twice, a number of many digits or
        characters that no text has.
      ValueError: it is not JSON in UTF-8.
    """
    place = printable(str(where))
    if len(text) > bounds.most_bytes:
        raise JsonProblem(
            f"{place} has {len(text):,} bytes of JSON: at most "
            f"{bounds.most_bytes:,} are read"
        )
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value = json.loads(
            decoded, object_pairs_hook=_object(place), parse_int=_integer(place)
        )
    except JsonProblem:
        raise
    except UnicodeDecodeError as error:
        assert isinstance(text, bytes)
        why = not_utf_8(text, error)
        raise ValueError(f"{place} is not {wanted}: it {why}") from error
    except RecursionError as error:
        raise JsonProblem(_too_deep(place, bounds)) from error
    except ValueError as error:
        raise ValueError(f"{place} is not {wanted}: {printable(str(error))}") from error
    try:
        _check(value, bounds.depth, text_problem if bounds.checks_texts else _surrogate)
    except RecursionError as error:
        raise JsonProblem(_too_deep(place, bounds)) from error
    except _Odd as odd:
        field = "".join(reversed(odd.path)).removeprefix(".")
        raise JsonProblem(f"{place}: {field or 'the text'} {odd}") from odd
    return value


def json_object(
    text: bytes | str, where: object, bounds: Bounds = DESCRIPTION
) -> dict[str, Any]:
    """The object in a JSON text; its errors are those of `parse_json`."""
    wanted = "a JSON object"
    value = parse_json(text, where, bounds, wanted)
    if not isinstance(value, dict):
        raise ValueError(f"{printable(str(where))} is not {wanted}: {shown(value)}")
    return value


def _object(place: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Makes a dict of the pairs of an object; JSON leaves open which of two counts."""

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice = next(key for key, count in counts.items() if count > 1)
            raise JsonProblem(f"{place} has the key {shown(twice)} twice: leave one")
        return made

    return build


def _integer(place: str) -> Callable[[str], int]:
    def parse(digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            raise JsonProblem(
                f"{place} has a number of {len(digits):,} digits, {shown(digits)}: "
                f"{MOST_DIGITS} are the most"
            )
        return int(digits)

    return parse


def _too_deep(place: str, bounds: Bounds) -> str:
    return f"{place} has lists or objects in one another more than {bounds.depth} deep"


def _check(value: object, depth: int, problem_of: Callable[[str], str | None]) -> None:
    """Check the depth and the texts of a value.

    Raises:
      RecursionError: it is deeper.
      _Odd: a text is refused.
    """
    if isinstance(value, str):
        if problem := problem_of(value):
            raise _Odd(problem)
        return
    if isinstance(value, (dict, list)) and not depth:
        raise RecursionError
    step: object = None
    try:
        if isinstance(value, dict):
            for key, inner in value.items():
                step = key
                if problem := problem_of(key):
                    raise _Odd(f"is a key that {problem}")
                _check(inner, depth - 1, problem_of)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                step = place
                _check(inner, depth - 1, problem_of)
    except _Odd as odd:
        is_key = isinstance(step, str)
        odd.path.append(f".{printable(str(step)[:40])}" if is_key else f"[{step}]")
        raise


def _surrogate(text: str) -> str | None:
    """What is refused of any text: what no file and no page can hold."""
    found = NOT_IN_UTF_8.search(text)
    return f"holds '{escaped(found[0])}', which is no character" if found else None
