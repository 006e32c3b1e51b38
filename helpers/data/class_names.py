"""Reads class names from the files that accompany models.

`labels.txt` holds a name a line, as Teachable Machine writes it (`0 Cat`) or plain; a
JSON file holds a list, Teachable Machine's metadata, Keras's `class_indices`
({"cat": 0}), or ImageNet's index ({"0": ["n01440764", "tench"]}).
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

NUMBERED = re.compile(r"\s*(\d+)[\s:,;]+(.*\S)\s*")
TEACHABLE_MACHINE = "@teachablemachine/image"  # `packageName` in its metadata.json


class NamesFile(NamedTuple):
    """The class names in a file, and whether Teachable Machine wrote them."""

    names: list[str]
    path: Path
    is_teachable_machine: bool


def names_given(value: str | Sequence[str]) -> list[str]:
    """The class names that a user gives: names with commas, a JSON list, or a file.

    Raises:
      OSError, ValueError: the file cannot be read, or holds no class names.
    """
    if not isinstance(value, str):
        return list(value)
    if value.startswith("["):
        return _names_in_json(_parsed(value))
    path = Path(value)
    if path.is_file():
        return names_in(path).names
    if "," not in value and path.suffix.lower() in (".txt", ".json", ".csv", ".names"):
        raise ValueError(
            f"there is no file {value} with class names: give the path of a file with "
            "a name a line, or the names with commas between, like cat,dog"
        )
    return [name.strip() for name in value.split(",")]


def names_beside(model: Path) -> NamesFile | None:
    """The class names in a file that accompanies a model; None: there is none.

    For `cats/model.h5` that is `cats/model.labels.txt`, `cats/labels.txt`, or a
    `cats/metadata.json` of Teachable Machine; for a folder, one in it or beside it.
    """
    for place in places_of_names(model):
        if place.is_file() and (place.suffix == ".txt" or _is_metadata(place)):
            return names_in(place)
    return None


def places_of_names(model: Path) -> list[Path]:
    """The files that may hold the class names of a model, those of its own first."""
    stems = dict.fromkeys((model.stem, model.name))
    places = [model.parent / f"{stem}.labels.txt" for stem in stems]
    for folder in (model, model.parent) if model.is_dir() else (model.parent,):
        places += [folder / "labels.txt", folder / "metadata.json"]
    return places


def names_in(path: Path) -> NamesFile:
    """The class names in a file.

    Raises:
      OSError: the file cannot be read.
      ValueError: it holds no class names; the message says what it may hold.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not text in UTF-8: save it so, with a class name a line"
        ) from error
    by_teachable_machine = False
    try:
        if path.suffix.lower() == ".json":
            content = _parsed(text)
            names = _names_in_json(content)
            by_teachable_machine = _package(content) == TEACHABLE_MACHINE
        else:
            names, by_teachable_machine = _names_in_lines(text)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{path} names the class {min(repeated)!r} more than once")
    if not names:
        raise ValueError(f"{path} holds no class names: write one a line")
    return NamesFile(names, path, by_teachable_machine)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error


def _names_in_lines(text: str) -> tuple[list[str], bool]:
    """The names, and whether every line begins with its number, from 0 or 1."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [NUMBERED.fullmatch(line) for line in lines]
    numbers = [int(one[1]) for one in found if one]
    for first in (0, 1):
        if lines and numbers == [*range(first, first + len(lines))]:
            return [one[2] for one in found if one], first == 0
    return lines, False


def _names_in_json(content: Any) -> list[str]:
    if isinstance(content, Mapping):
        for field in ("class_names", "labels", "classes"):
            if isinstance(content.get(field), (list, dict)):
                return _names_in_json(content[field])
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return content
    by_number = _by_number(content) if isinstance(content, Mapping) else {}
    if not by_number or sorted(by_number) != [*range(len(by_number))]:
        raise ValueError(
            'holds no class names: a list like ["cat", "dog"], {"cat": 0, "dog": 1} or '
            '{"0": "cat", "1": "dog"} with every number from 0'
        )
    return [by_number[number] for number in sorted(by_number)]


def _by_number(content: Mapping) -> dict[int, str]:
    """Names by number; of ImageNet's pairs of identifier and name, the name."""
    if all(type(value) is int for value in content.values()):
        found = {number: str(name) for name, number in content.items()}
        return found if len(found) == len(content) else {}
    found = {}
    for number, name in content.items():
        if isinstance(name, list) and name:
            name = name[-1]
        if not str(number).isdecimal() or not isinstance(name, str):
            return {}
        found[int(number)] = name
    return _told_apart(found, content)


def _told_apart(names: dict[int, str], content: Mapping) -> dict[int, str]:
    """ImageNet has two cranes and two maillots: those get their identifier, too."""
    several = {name for name in names.values() if [*names.values()].count(name) > 1}
    return {
        number: f"{name} ({content[str(number)][0]})"
        if name in several and isinstance(content.get(str(number)), list)
        else name
        for number, name in names.items()
    }


def _package(content: Any) -> str:
    return content.get("packageName", "") if isinstance(content, Mapping) else ""


def _is_metadata(path: Path) -> bool:
    """Whether a metadata.json holds class names; other programs write others."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(content, Mapping) and isinstance(content.get("labels"), list)
