"""Reads class names from the files that accompany models.

`labels.txt` holds a name a line, as Teachable Machine writes it (`0 Cat`) or plain; a
JSON file holds a list, Teachable Machine's metadata, Keras's `class_indices`
({"cat": 0}), or ImageNet's index ({"0": ["n01440764", "tench"]}). A `.csv` holds a
table, and a `.pbtxt` a label map. Every name is one line, and told from the others.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from helpers.data.label_maps import names_in_label_map
from helpers.data.label_tables import NUMBER, names_in_table
from helpers.foreign.files import read_bounded, read_text
from helpers.foreign.json_text import DESCRIPTION, JsonProblem, parse_json
from helpers.foreign.names import names_problem
from helpers.foreign.texts import printable, shown

NUMBERED = re.compile(r"(\d{1,9})[\s:,;]+(.*\S)", re.ASCII)
LINE_END = re.compile("\r\n|\r|\n")
ENDINGS = (".txt", ".json", ".csv", ".names", ".pbtxt")
MOST_BYTES = DESCRIPTION.most_bytes
TEACHABLE_MACHINE = "@teachablemachine/image"  # `packageName` in its metadata.json
Read = TypeVar("Read")


class NamesFile(NamedTuple):
    """The class names in a file, and whether Teachable Machine wrote them."""

    names: list[str]
    path: Path
    is_teachable_machine: bool


def names_given(value: str | Sequence[str]) -> list[str]:
    """The class names that a user gives: names with commas, a JSON list, or a file.

    Raises:
      OSError: the file cannot be read.
      ValueError: it holds no class names, or they are not told from one another.
    """
    if not isinstance(value, str):
        return _checked(list(value), "the class names")
    if value.startswith("["):
        names = _names_in_json(parse_json(value, "the list of class names"))
        return _checked(names, "the list of class names")
    path = Path(value)
    if os.path.isfile(path):  # Path.is_file refuses a name that is too long
        return names_in(path).names
    if "," not in value and path.suffix.lower() in ENDINGS:
        raise ValueError(
            f"there is no file {printable(value)} with class names: give the path of a "
            "file with a name a line, or the names with commas between, like cat,dog"
        )
    return _checked([name.strip() for name in value.split(",")], "the class names")


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
    text, place = read_text(path, MOST_BYTES), printable(str(path))
    by_teachable_machine = False
    suffix = path.suffix.lower()
    if suffix == ".json":
        content = parse_json(text, path)
        names = _named(place, _names_in_json, content)
        by_teachable_machine = _package(content) == TEACHABLE_MACHINE
    elif suffix == ".pbtxt":
        names = _named(place, names_in_label_map, text)
    elif suffix == ".csv":
        names = _named(place, names_in_table, text)
    else:
        names, by_teachable_machine = _named(place, _names_in_lines, text)
    if not names:
        raise ValueError(f"{place} holds no class names: write one a line")
    return NamesFile(_checked(names, place), path, by_teachable_machine)


def _named(place: str, read: Callable[[Any], Read], content: Any) -> Read:
    """What is read of a file's content; the error message begins with its place."""
    try:
        return read(content)
    except ValueError as error:
        raise ValueError(f"{place} {error}") from error


def _checked(names: list[str], place: str) -> list[str]:
    """The names, if each is a line of text and told from the others."""
    counts = Counter(name for name in names if isinstance(name, str))
    if repeated := [name for name, count in counts.items() if count > 1]:
        name = shown(min(repeated))
        raise ValueError(f"{place} names the class {name} more than once")
    if problem := names_problem(names):
        raise ValueError(f"{place}: {problem}")
    return names


def _names_in_lines(text: str) -> tuple[list[str], bool]:
    """The names, and whether every line begins with its number, from 0 or 1."""
    lines = [line.strip() for line in LINE_END.split(text.rstrip())]
    filled = [line for line in lines if line]
    found = [NUMBERED.fullmatch(line) for line in filled]
    numbers = [int(one[1]) for one in found if one]
    for first in (0, 1):
        if filled and numbers == [*range(first, first + len(filled))]:
            return [one[2] for one in found if one], first == 0
    if filled and len(filled) < len(lines):
        raise ValueError(
            f"has no name in line {lines.index('') + 1}: write a name in every line, "
            "in the order of the network's output"
        )
    return filled, False


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
        if not NUMBER.fullmatch(number) or not isinstance(name, str):
            return {}
        found[int(number)] = name
    return _told_apart(found, content)


def _told_apart(names: dict[int, str], content: Mapping) -> dict[int, str]:
    """ImageNet has two cranes and two maillots: those get their identifier, too."""
    counts = Counter(names.values())
    several = {name for name, count in counts.items() if count > 1}
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
    if path.stat().st_size > MOST_BYTES:
        return False
    data = read_bounded(path, MOST_BYTES)
    try:
        content = parse_json(data, path)
    except JsonProblem:
        if b'"labels"' in data:
            raise
        return False
    except ValueError:
        return False
    return isinstance(content, Mapping) and isinstance(content.get("labels"), list)
