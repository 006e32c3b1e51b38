"""The classes of a folder of photos: its folders, or what file names begin with."""

import re
from pathlib import Path
from typing import NamedTuple

from helpers.data.folders import Folder, LeftOut, printable

_STEM = re.compile(r"(?P<label>.*[^\W\d_].*)\.\d+")  # cat.0


class Classes(NamedTuple):
    """Photos by class, what is in no class, and what was assumed."""

    photos: dict[str, list[Path]]
    left_out: list[LeftOut]
    notes: list[str]


def has_classes(folder: Folder) -> bool:
    """Whether a folder looks like a data set, and not like one class."""
    below = folder.with_photos()
    return (
        len(below) > 1
        or len(_classes_by_name(folder)) > 1
        or any(map(has_classes, below))
    )


def classes_in(folder: Folder) -> Classes:
    """The photos of a folder by class: by its folders, else by the files' names."""
    below = folder.with_photos()
    by_name = {} if len(below) > 1 else _classes_by_name(folder)
    if len(by_name) > 1:
        named = {path for photos in by_name.values() for path in photos}
        rest = [path for path in folder.all_photos() if path not in named]
        counts = ", ".join(
            f"{len(photos):,} {printable(name)}" for name, photos in by_name.items()
        )
        left_out = [LeftOut(path, "its name states no class") for path in rest]
        note = f"classes in {folder.path.name}/ are taken from file names: {counts}"
        return Classes(by_name, left_out, [note])
    left_out = [LeftOut(path, "in no class folder") for path in folder.photos]
    if below:
        empty = [sub.path for sub in folder.folders if sub not in below]
        left_out += [
            LeftOut(path, "a folder without photos is no class") for path in empty
        ]
    photos = {sub.path.name: list(sub.all_photos()) for sub in below}
    return Classes(photos, left_out, [])


def _classes_by_name(folder: Folder) -> dict[str, list[Path]]:
    """Photos named CLASS.NUMBER, as in Kaggle's Dogs vs. Cats, by class."""
    classes: dict[str, list[Path]] = {}
    for path in folder.photos:
        match = _STEM.fullmatch(path.stem)
        if match:
            classes.setdefault(match["label"], []).append(path)
    return classes
