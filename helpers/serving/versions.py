"""Published model files: NAME/VERSION.pb, and NAME/labels.json with labels of versions.

This module only lists files. A file is published by renaming it into its folder, so
that it is never read half-written.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from helpers.data.class_names import places_of_names
from helpers.serving.model_names import name_problem, printable

NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")  # TensorFlow Serving's have 64 bits
FIRST = "dogs-cats"  # the default model
LABELS = "labels.json"

# Modification time, size and inode of a model file and of those that describe it.
Stamp = tuple[tuple[int, int, int] | None, ...]


class NoModels(ValueError):
    """The models folder has no NAME/VERSION.pb.

    Args:
      skipped: why each name is skipped, as in PublishedModels; the message ends
        with it.
      is_there: whether the folder itself is there.
    """

    def __init__(self, text: str, skipped: Mapping[str, str], is_there: bool) -> None:
        super().__init__("; ".join([text, *skipped_lines(skipped)]))
        self.skipped, self.is_there = skipped, is_there


class Published(NamedTuple):
    """The version files of one model, and the versions that its labels refer to."""

    files: dict[int, Path]
    labels: dict[str, int] = {}  # noqa: RUF012  never modified

    @property
    def wanted(self) -> tuple[int, ...]:
        """The newest version and every labelled one, newest first."""
        labelled = {number for number in self.labels.values() if number in self.files}
        return tuple(sorted({max(self.files), *labelled}, reverse=True))


class PublishedModels(dict[str, Published]):
    """The published versions by model name.

    Attributes:
      skipped: why each other file or folder is no model, by its printable name.
    """

    def __init__(
        self, models: Mapping[str, Published], skipped: Mapping[str, str]
    ) -> None:
        super().__init__(models)
        self.skipped = dict(skipped)


class Status(NamedTuple):
    """The state of a version, as TensorFlow Serving names it, and its file's stamp."""

    state: str  # LOADING, AVAILABLE, UNLOADING or END
    error: str = ""
    stamp: Stamp | None = None
    ops: int = 0  # in its graph after loading


def skipped_lines(skipped: Mapping[str, str]) -> list[str]:
    """Each name that is skipped, and why."""
    return [f"{name} is skipped: its name {why}" for name, why in skipped.items()]


def published_in(folder: Path) -> PublishedModels:
    """The version files and labels in a folder, by model name; `dogs-cats` first.

    A labels.json maps labels to versions: {"stable": 3}. Names that a URL cannot carry
    are skipped.

    Raises:
      NoModels: there is no NAME/VERSION.pb.
      ValueError: a labels.json is invalid.
    """
    numbered, skipped = _numbered(sorted(Path(folder).glob("*/*.pb")))
    if not numbered:
        raise NoModels(
            f"there is no model in {folder}: expected NAME/VERSION.pb, for instance "
            "dogs-cats/1.pb, as `python -m helpers freeze --output` writes it",
            skipped,
            Path(folder).is_dir(),
        )
    names = sorted(numbered, key=lambda name: (name != FIRST, name))
    models = {
        name: Published(numbered[name], _labels(Path(folder) / name / LABELS))
        for name in names
    }
    return PublishedModels(models, skipped)


def published_as(files: Mapping[str, Path]) -> dict[str, Published]:
    """Single files by model name, each the only version of its model."""
    return {name: Published({version_of(path): path}) for name, path in files.items()}


def model_files(folder: Path) -> dict[str, Path]:
    """The newest NAME/VERSION.pb of each name in a folder, `dogs-cats` first."""
    published = published_in(folder).items()
    return {name: model.files[max(model.files)] for name, model in published}


def version_of(path: Path) -> int:
    """The number that is the file's name, as in `3.pb`; 1 for any other name."""
    return int(path.stem) if NUMBER.fullmatch(path.stem) else 1


def stamp_of(path: Path) -> Stamp:
    """Modification time, size and inode of a file and of those that describe it."""
    beside = (path.with_suffix(".json"), *places_of_names(path))
    return tuple(_stamp(file) for file in (path, *beside))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _numbered(
    paths: Iterable[Path],
) -> tuple[dict[str, dict[int, Path]], dict[str, str]]:
    """The files by name and version, and why each of the others is skipped."""
    found: dict[str, dict[int, Path]] = {}
    skipped = {}
    for path in paths:
        name = path.parent.name
        if problem := name_problem(name):
            skipped[printable(name)] = problem
        elif not NUMBER.fullmatch(path.stem):
            file = printable(f"{name}/{path.name}")
            skipped[file] = "is no version, like 1.pb"
        else:
            found.setdefault(name, {})[version_of(path)] = path
    return found, skipped


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
