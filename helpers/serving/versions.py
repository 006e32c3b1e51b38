"""Published model files: NAME/VERSION.pb, and NAME/labels.json with labels of versions.

This module only lists files. A file is published by renaming it into its folder, so
that it is never read half-written.
"""

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from helpers.data.class_names import places_of_names
from helpers.foreign.files import read_bounded
from helpers.foreign.json_text import DESCRIPTION, json_object
from helpers.foreign.texts import printable
from helpers.serving.file_bounds import problem_of
from helpers.serving.model_names import name_problem

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
      unreadable: as in PublishedModels.
    """

    def __init__(
        self,
        text: str,
        skipped: Mapping[str, str],
        is_there: bool,
        unreadable: Collection[str] = (),
    ) -> None:
        super().__init__("; ".join([text, *skipped_lines(skipped)]))
        self.skipped, self.is_there = skipped, is_there
        self.unreadable = unreadable


class Published(NamedTuple):
    """The version files of one model, and the versions that its labels refer to.

    Attributes:
      labels: None: they cannot be read; those that were read before stay.
    """

    files: dict[int, Path]
    labels: dict[str, int] | None = {}  # noqa: RUF012  never modified

    @property
    def wanted(self) -> tuple[int, ...]:
        """The newest version and every labelled one, newest first."""
        numbers = (self.labels or {}).values()
        labelled = {number for number in numbers if number in self.files}
        return tuple(sorted({max(self.files), *labelled}, reverse=True))


class PublishedModels(dict[str, Published]):
    """The published versions by model name.

    Attributes:
      skipped: why each other file or folder is not used, by its printable name.
      unreadable: the names of models with a folder or file that cannot be read now.
    """

    def __init__(
        self,
        models: Mapping[str, Published],
        skipped: Mapping[str, str],
        unreadable: Collection[str] = (),
    ) -> None:
        super().__init__(models)
        self.skipped, self.unreadable = dict(skipped), frozenset(unreadable)


class Status(NamedTuple):
    """The state of a version, as TensorFlow Serving names it, and its file's stamp."""

    state: str  # LOADING, AVAILABLE, UNLOADING or END
    error: str = ""
    stamp: Stamp | None = None
    ops: int = 0  # in its graph after loading


def skipped_lines(skipped: Mapping[str, str]) -> list[str]:
    """Each name that is skipped, and why."""
    return [f"{name} is skipped: {why}" for name, why in skipped.items()]


def published_in(folder: Path) -> PublishedModels:
    """The version files and labels in a folder, by model name; `dogs-cats` first.

    A labels.json maps labels to versions: {"stable": 3}. Names that a URL cannot carry,
    what is no regular file, and a labels.json that is invalid are skipped.

    Raises:
      NoModels: there is no NAME/VERSION.pb.
      OSError: the folder cannot be read.
    """
    found = _Listed(Path(folder))
    if not found.files:
        raise NoModels(
            f"there is no model in {folder}: expected NAME/VERSION.pb, for instance "
            "dogs-cats/1.pb, as `python -m helpers freeze --output` writes it",
            found.skipped,
            Path(folder).is_dir(),
            found.unreadable,
        )
    names = sorted(found.files, key=lambda name: (name != FIRST, name))
    models = {name: Published(found.files[name], found.labels(name)) for name in names}
    return PublishedModels(models, found.skipped, found.unreadable)


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
    except OSError as error:  # the stamp differs once it can be read
        return -(error.errno or 1), 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


class _Listed:
    """What is in a models folder.

    Attributes:
      files: by name and version.
      skipped, unreadable: as in PublishedModels.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: dict[str, dict[int, Path]] = {}
        self.skipped: dict[str, str] = {}
        self.unreadable: set[str] = set()
        for name in _names_in(folder):
            try:
                files = _names_in(folder / name)
            except OSError as error:
                self._skip(name, name, f"it cannot be read: {error.strerror}")
                continue
            for file in files:
                if file.endswith(".pb"):
                    self._add(name, file)

    def labels(self, name: str) -> dict[str, int] | None:
        """The labels of a model; None: they are invalid, which is noted."""
        file = self._folder / name / LABELS
        try:
            return _labels(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            why = str(why).replace(printable(str(file)), "it", 1)
            shown = printable(f"{name}/{LABELS}")
            self.skipped[shown] = f"{why}; its labels stay as they were"
            return None

    def _add(self, name: str, file: str) -> None:
        path = self._folder / name / file
        if problem := name_problem(name):
            self.skipped[printable(name)] = f"its name {problem}"
        elif not NUMBER.fullmatch(path.stem):
            why = "its name is no version, like 1.pb"
            self.skipped[printable(f"{name}/{file}")] = why
        elif problem := problem_of(path):
            self._skip(name, f"{name}/{file}", problem)
        else:
            self.files.setdefault(name, {})[version_of(path)] = path

    def _skip(self, name: str, shown: str, problem: str) -> None:
        self.skipped[printable(shown)] = problem
        self.unreadable.add(name)


def _names_in(folder: Path) -> list[str]:
    """The names in a folder, sorted; none if it is not there, or is a file.

    Raises:
      OSError: it cannot be read.
    """
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _labels(file: Path) -> dict[str, int]:
    """The labels in a labels.json.

    Raises:
      OSError: it cannot be read.
      ValueError: it is invalid.
    """
    labels = json_object(read_bounded(file, DESCRIPTION.most_bytes), file)
    if not all(type(number) is int for number in labels.values()):
        raise ValueError(f'{file} is not like {{"stable": 3}}: labels and versions')
    return labels
