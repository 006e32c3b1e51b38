"""Finds the photos of a data set: a folder with one folder of photos per class."""

import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp")
LAYOUT = "expected one folder of photos per class, for instance cat/ and dog/"


class NoPhotosError(ValueError):
    """A folder contains no photo, or none that can be decoded."""


class DataSet(NamedTuple):
    """The files of a data set; `labels[i]` is the class of `paths[i]`."""

    root: Path
    class_names: tuple[str, ...]
    paths: list[Path]
    labels: list[int]


def class_name(folder: str) -> str:
    """A folder's name as a class name: lower case, and singular (`Cats` → `cat`)."""
    name = folder.strip().lower()
    if name.endswith(("ss", "us", "is", "ies")):  # grass, octopus, iris, movies
        return name
    return re.sub(r"(?<=ch|sh|ss)es$|(?<=x)es$|s$", "", name)


def find_data_set(root: Path) -> DataSet:
    """The data set in a folder: the folder itself, or its only subfolder that is one.

    `samples/` and hidden folders are skipped.

    Raises:
      NoPhotosError: there is no photo in the folder.
      ValueError: the folder does not exist, or has a single class or several data
        sets.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: {LAYOUT}")
    found = {folder: _class_folders(folder) for folder in (root, *_subfolders(root))}
    data_sets = [folder for folder in found if len(found[folder]) > 1]
    if len(data_sets) > 1 and data_sets[0] != root:
        names = ", ".join(folder.name for folder in data_sets)
        raise ValueError(f"{root} holds several data sets ({names}): name one of them")
    if data_sets:
        return _list_files(data_sets[0], found[data_sets[0]])
    if any(found.values()):
        raise ValueError(f"{root} has one class only: {LAYOUT}")
    raise NoPhotosError(f"there are no photos in {root}: {LAYOUT}")


def _list_files(root: Path, class_folders: dict[str, list[Path]]) -> DataSet:
    class_names = tuple(sorted(class_folders))
    paths, labels = [], []
    for label, name in enumerate(class_names):
        photos = sorted(chain.from_iterable(map(_photos_in, class_folders[name])))
        paths += photos
        labels += [label] * len(photos)
    return DataSet(root, class_names, paths, labels)


def _class_folders(root: Path) -> dict[str, list[Path]]:
    """The subfolders with photos, grouped by the class that they are named after."""
    classes: dict[str, list[Path]] = {}
    for folder in _subfolders(root):
        if next(_photos_in(folder), None):
            classes.setdefault(class_name(folder.name), []).append(folder)
    return classes


def _subfolders(root: Path) -> list[Path]:
    return sorted(
        path
        for path in root.iterdir()
        if path.is_dir() and path.name != "samples" and not path.name.startswith(".")
    )


def _photos_in(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".")
            if entry.name.lower().endswith(SUFFIXES) and not hidden and entry.is_file():
                yield folder / entry.name
