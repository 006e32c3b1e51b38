"""Finds the photos of a data set, their classes and their splits.

The layouts: one folder of photos per class; `train/` and `val/` with such folders each;
or photos whose names begin with their class, as in `cat.0.jpg`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from helpers.data.folders import Folder, LeftOut, list_folder, printable

SPLITS = ("train", "validation", "test")
LAYOUT = "expected one folder of photos per class, for instance cat/ and dog/"

_SPLIT_NAMES = {  # of folders, in lower case and without digits at the end
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_STEM = re.compile(r"(?P<label>.*[^\W\d_].*)\.\d+")  # cat.0


class NoPhotosError(ValueError):
    """A folder contains no photo, or none that can be decoded."""


class DataSet(NamedTuple):
    """The files of a data set; `labels[i]` is the class of `paths[i]`."""

    root: Path
    class_names: tuple[str, ...]
    paths: list[Path]
    labels: list[int]
    allowed: tuple[tuple[str, ...], ...] = ()  # splits for paths[i]; (): any of SPLITS
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()  # what was assumed, one sentence each


class _Classes(NamedTuple):
    """Photos by class, what is in no class, and what was assumed."""

    photos: dict[str, list[Path]]
    left_out: list[LeftOut]
    notes: list[str]


def find_data_set(root: Path, *, nested: bool = False) -> DataSet:
    """The data set in a folder: the folder itself, or the only one below that is one.

    A class is named as its folder is. Photos in folders within a class folder belong
    to the class. In `root` itself, the folder `samples/` is skipped.

    Args:
      nested: the folders in `root` are the classes, even if they hold folders only.
    Raises:
      NoPhotosError: there is no photo in the folder.
      ValueError: the folder does not exist, or its photos are of no class, of a single
        class, or of several data sets.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: {LAYOUT}")
    top = _without_samples(list_folder(root))
    if not top.has_photos():
        raise NoPhotosError(f"there are no photos in {root}{_instead(top)}: {LAYOUT}")
    folder = top if nested else _descend(top)
    data_set = _split_data_set(folder) or _plain_data_set(folder)
    left_out = sorted({*data_set.left_out, *folder.all_left_out()})
    notes = (*data_set.notes, *_notes_on_case(data_set.class_names))
    return data_set._replace(left_out=tuple(left_out), notes=notes)


def _without_samples(top: Folder) -> Folder:
    samples = [folder for folder in top.folders if folder.path.name == "samples"]
    left_out = [LeftOut(folder.path, "never trained on") for folder in samples]
    folders = [folder for folder in top.folders if folder not in samples]
    return top._replace(folders=folders, left_out=[*top.left_out, *left_out])


def _instead(top: Folder) -> str:
    """What a folder holds instead of photos."""
    found = [item for item in top.all_left_out() if item.reason.startswith("not named")]
    suffixes = Counter(printable(path.suffix.lower()) for path, _ in found)
    listed = [
        f"{count:,} {end or 'without a suffix'}" for end, count in suffixes.items()
    ]
    return f" (other files: {', '.join(sorted(listed)[:5])})" if listed else ""


def _descend(folder: Folder) -> Folder:
    """The folder that holds the class folders: this one, or the only one below."""
    below = folder.with_photos()
    if folder.photos or _split_folders(folder):
        return folder
    if len(below) == 1:
        (only,) = below
        return _descend(only) if _has_classes(only) else folder
    direct = [sub for sub in below if sub.photos]
    unclear = [sub for sub in below if not sub.photos and _has_classes(sub)]
    if not unclear or len(direct) > 1:
        return folder
    names = ", ".join(printable(sub.path.name) for sub in unclear)
    raise ValueError(
        f"{folder.path} holds {_what_is_unclear(len(unclear), len(below))} ({names}): "
        "name one of them, or add --nested if each folder in it is a class"
    )


def _what_is_unclear(data_sets: int, folders: int) -> str:
    if data_sets == folders:
        return "several data sets"
    return "photos of a class beside folders that have folders of photos"


def _has_classes(folder: Folder) -> bool:
    """Whether a folder looks like a data set, and not like one class."""
    below = folder.with_photos()
    return (
        len(below) > 1
        or len(_classes_by_name(folder)) > 1
        or any(map(_has_classes, below))
    )


def _split_folders(folder: Folder) -> dict[str, list[Folder]]:
    """The folders of each split; none unless there is one to train on and another."""
    found: dict[str, list[Folder]] = {}
    for sub in folder.folders:
        split = _SPLIT_NAMES.get(sub.path.name.lower().rstrip("0123456789"))
        if split:
            found.setdefault(split, []).append(sub)
    if "train" not in found or len(found) < 2:
        return {}
    return found if any(sub.has_photos() for sub in found["train"]) else {}


def _plain_data_set(folder: Folder) -> DataSet:
    """The data set of a folder that is not divided into splits."""
    found = _classes_in(folder)
    if not found.photos:
        raise ValueError(
            f"the {len(folder.photos):,} photos in {folder.path} are of no class: "
            f"{LAYOUT}, or names such as cat.0.jpg and dog.0.jpg"
        )
    if len(found.photos) < 2:
        raise ValueError(
            f"{folder.path} has one class only{_without(folder)}: {LAYOUT}"
        )
    names, paths, labels = _listed(found.photos)
    left_out, notes = tuple(found.left_out), tuple(found.notes)
    return DataSet(folder.path, names, paths, labels, (), left_out, notes)


def _without(folder: Folder) -> str:
    """The folders that could have been classes, and why they are not."""
    reasons = [f"{printable(path.name)}: {why}" for path, why in folder.left_out]
    if folder.photos:
        reasons.append(f"{len(folder.photos):,} photos in no class folder")
    for sub in (sub for sub in folder.folders if not sub.has_photos()):
        name, instead = printable(sub.path.name), _instead(sub)
        reasons.append(f"{name}: no photos{instead}")
    return f" (left out: {'; '.join(reasons[:5])})" if reasons else ""


def _split_data_set(folder: Folder) -> DataSet | None:
    """The data set of `train/`, `val/` and `test/`, if there are such folders."""
    folders = _split_folders(folder)
    if not folders:
        return None
    parts = {
        split: [_classes_in(sub) for sub in folders[split]]
        for split in SPLITS
        if split in folders
    }
    present = {split for split in parts if any(part.photos for part in parts[split])}
    known = {name for part in parts["train"] for name in part.photos}
    if len(known) < 2:
        where = ", ".join(str(sub.path) for sub in folders["train"])
        raise ValueError(f"{where} has no two classes to train on: {LAYOUT}")
    merged: dict[str, list[Path]] = {name: [] for name in known}
    splits: dict[Path, tuple[str, ...]] = {}
    for split in present:
        for part in parts[split]:
            _refuse_unknown(folder, folders[split], set(part.photos) - known)
            for name, photos in part.photos.items():
                merged[name] += photos
                splits |= dict.fromkeys(photos, _allowed(split, present))
    names, paths, labels = _listed(merged)
    used = [sub for of_split in folders.values() for sub in of_split]
    unused = [sub for sub in folder.folders if sub not in used]
    left_out = [
        LeftOut(path, "beside the folders of the splits")
        for path in (*folder.photos, *(p for sub in unused for p in sub.all_photos()))
    ]
    every = [part for of_split in parts.values() for part in of_split]
    left_out += [item for part in every for item in part.left_out]
    notes = [_describe_splits(folders, present), *(n for p in every for n in p.notes)]
    allowed = tuple(splits[path] for path in paths)
    return DataSet(
        folder.path, names, paths, labels, allowed, tuple(left_out), tuple(notes)
    )


def _refuse_unknown(root: Folder, folders: list[Folder], unknown: set[str]) -> None:
    if unknown:
        where = ", ".join(f"{sub.path.name}/" for sub in folders)
        names = ", ".join(map(printable, sorted(unknown)))
        raise ValueError(
            f"{where} in {root.path} has classes that are not trained on ({names}): "
            "expected the folders of train/"
        )


def _allowed(split: str, present: set[str]) -> tuple[str, ...]:
    """The splits among which hashes divide the photos of a split's folder.

    Without a folder for tests, half of those for validation are kept for tests;
    without one for validation, those to train on are divided.
    """
    if split == "train" and "validation" not in present:
        return ("train", "validation") if "test" in present else SPLITS
    if split == "validation" and "test" not in present:
        return ("validation", "test")
    return (split,)


def _describe_splits(folders: dict[str, list[Folder]], present: set[str]) -> str:
    def names(split: str) -> str:
        return ", ".join(f"{sub.path.name}/" for sub in folders.get(split, ()))

    used = " and ".join(names(split) for split in SPLITS if split in present)
    text = f"{used} are the splits" if len(present) > 1 else f"only {used} is used"
    for split in SPLITS:
        if split in folders and split not in present:
            text += f"; {names(split)} has no photos of a class"
    if present == {"train"}:
        return f"{text}; its photos are divided into train, validation and test"
    if "validation" not in present:
        return f"{text}; validation photos are taken from {names('train')}"
    if "test" not in present:
        return f"{text}; half of {names('validation')} is kept for tests"
    return text


def _classes_in(folder: Folder) -> _Classes:
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
        return _Classes(by_name, left_out, [note])
    left_out = [LeftOut(path, "in no class folder") for path in folder.photos]
    if below:
        empty = [sub.path for sub in folder.folders if sub not in below]
        left_out += [
            LeftOut(path, "a folder without photos is no class") for path in empty
        ]
    photos = {sub.path.name: list(sub.all_photos()) for sub in below}
    return _Classes(photos, left_out, [])


def _classes_by_name(folder: Folder) -> dict[str, list[Path]]:
    """Photos named CLASS.NUMBER, as in Kaggle's Dogs vs. Cats, by class."""
    classes: dict[str, list[Path]] = {}
    for path in folder.photos:
        match = _STEM.fullmatch(path.stem)
        if match:
            classes.setdefault(match["label"], []).append(path)
    return classes


def _listed(
    photos: dict[str, list[Path]],
) -> tuple[tuple[str, ...], list[Path], list[int]]:
    """Class names in alphabetical order, and the paths with their labels."""
    names = tuple(sorted(photos))
    paths = [path for name in names for path in sorted(photos[name])]
    labels = [label for label, name in enumerate(names) for _ in photos[name]]
    return names, paths, labels


def _notes_on_case(names: Iterable[str]) -> list[str]:
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold().strip(), []).append(name)
    return [
        f"{' and '.join(map(repr, same))} are two classes, as their folders are"
        for same in alike.values()
        if len(same) > 1
    ]
