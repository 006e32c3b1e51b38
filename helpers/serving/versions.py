"""The files that models are published in: NAME/VERSION.pb, and labels for versions.

Nothing here opens a model. A file is published by renaming it into place.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FIRST = "dogs-cats"
LABELS = "labels.json"

Stamp = tuple[tuple[int, int, int] | None, ...]


class NoModels(ValueError):
    """A models folder without any NAME/VERSION.pb."""


class Published(NamedTuple):
    """The versions of one model that have a file, and the labels that some carry."""

    files: dict[int, Path]
    labels: dict[str, int] = {}  # noqa: RUF012  never changed

    @property
    def wanted(self) -> tuple[int, ...]:
        """The newest version and every labelled one, newest first."""
        labelled = {number for number in self.labels.values() if number in self.files}
        return tuple(sorted({max(self.files), *labelled}, reverse=True))


class Status(NamedTuple):
    """How a version fares, in TensorFlow Serving's words, and of which file it is."""

    state: str  # LOADING, AVAILABLE, UNLOADING or END
    error: str = ""
    stamp: Stamp | None = None
    ops: int = 0  # in its graph when it was loaded


def published_in(folder: Path) -> dict[str, Published]:
    """Every NAME/VERSION.pb in a folder, and the NAME/labels.json, by name.

    `dogs-cats` comes first. A label is set by {"stable": 3} in labels.json.

    Raises:
      NoModels: there is none.
      ValueError: a labels.json is not such an object.
    """
    numbered = _numbered(Path(folder).glob("*/*.pb"))
    if not numbered:
        raise NoModels(
            f"there is no model in {folder}: expected NAME/VERSION.pb, for instance "
            "dogs-cats/1.pb, as `python -m helpers freeze --output` writes it"
        )
    names = sorted(numbered, key=lambda name: (name != FIRST, name))
    return {
        name: Published(numbered[name], _labels(Path(folder) / name / LABELS))
        for name in names
    }


def published_as(files: Mapping[str, Path]) -> dict[str, Published]:
    """Single files under the names they are given."""
    return {name: Published({version_of(path): path}) for name, path in files.items()}


def model_files(folder: Path) -> dict[str, Path]:
    """The newest NAME/VERSION.pb of each name in a folder, `dogs-cats` first."""
    published = published_in(folder).items()
    return {name: model.files[max(model.files)] for name, model in published}


def version_of(path: Path) -> int:
    """3 for `3.pb`, else 1."""
    return int(path.stem) if path.stem.isdecimal() else 1


def stamp_of(path: Path) -> Stamp:
    """What changes when a file, or the `.json` beside it, is published again."""
    return tuple(_stamp(file) for file in (path, path.with_suffix(".json")))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _numbered(paths: Iterable[Path]) -> dict[str, dict[int, Path]]:
    found: dict[str, dict[int, Path]] = {}
    for path in paths:
        if path.stem.isdecimal():
            found.setdefault(path.parent.name, {})[version_of(path)] = path
    return found


def _labels(file: Path) -> dict[str, int]:
    try:
        labels = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{file} is not a JSON object: {error}") from error
    numbers = labels.values() if isinstance(labels, dict) else [None]
    if not all(type(number) is int for number in numbers):
        raise ValueError(f'{file} is not like {{"stable": 3}}: labels and versions')
    return labels
