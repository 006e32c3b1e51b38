"""Finds the photos of a data set, their classes and their splits.

The layouts: one folder of photos per class; `train/` and `val/` with such folders each;
or photos whose names begin with their class, as in `cat.0.jpg`.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from helpers.data.class_folders import classes_in, has_classes
from helpers.data.folders import Folder, LeftOut, list_folder, printable
from helpers.data.split_folders import (
    SPLITS,
    allowed_splits,
    describe_splits,
    split_folders,
)
from helpers.foreign.names import names_problem

LAYOUT = "expected one folder of photos per class, for instance cat/ and dog/"


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


def find_data_set(root: Path, *, nested: bool = False) -> DataSet:
    """The data set in a folder: the folder itself, or the only one below that is one.

    A class is named as its folder is. Photos in folders within a class folder belong
    to the class. In `root` itself, the folder `samples/` is skipped.

    Args:
      nested: the folders in `root` are the classes, even if they hold folders only.
    Raises:
      NoPhotosError: there is no photo in the folder.
      ValueError: the folder does not exist, or its photos are of no class, of a single
        class, or of several data sets; or two names cannot be told apart.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: {LAYOUT}")
    top = _without_samples(list_folder(root))
    if not top.has_photos():
        raise NoPhotosError(f"there are no photos in {root}{_instead(top)}: {LAYOUT}")
    folder = top if nested else _descend(top)
    data_set = _split_data_set(folder) or _plain_data_set(folder)
    if problem := names_problem(data_set.class_names):
        where = printable(str(folder.path))
        raise ValueError(
            f"{where} names the classes, and {problem}: rename its folders"
        )
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
    if folder.photos or split_folders(folder):
        return folder
    if len(below) == 1:
        (only,) = below
        return _descend(only) if has_classes(only) else folder
    direct = [sub for sub in below if sub.photos]
    unclear = [sub for sub in below if not sub.photos and has_classes(sub)]
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


def _plain_data_set(folder: Folder) -> DataSet:
    """The data set of a folder that is not divided into splits."""
    found = classes_in(folder)
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
    folders = split_folders(folder)
    if not folders:
        return None
    parts = {
        split: [classes_in(sub) for sub in folders[split]]
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
                splits |= dict.fromkeys(photos, allowed_splits(split, present))
    names, paths, labels = _listed(merged)
    used = [sub for of_split in folders.values() for sub in of_split]
    unused = [sub for sub in folder.folders if sub not in used]
    left_out = [
        LeftOut(path, "beside the folders of the splits")
        for path in (*folder.photos, *(p for sub in unused for p in sub.all_photos()))
    ]
    every = [part for of_split in parts.values() for part in of_split]
    left_out += [item for part in every for item in part.left_out]
    notes = [describe_splits(folders, present), *(n for p in every for n in p.notes)]
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
