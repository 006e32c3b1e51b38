"""Folders that divide photos into splits: `train/`, `val/` and `test/`."""

from helpers.data.folders import Folder

SPLITS = ("train", "validation", "test")

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


def split_folders(folder: Folder) -> dict[str, list[Folder]]:
    """The folders of each split; none unless there is one to train on and another."""
    found: dict[str, list[Folder]] = {}
    for sub in folder.folders:
        split = _SPLIT_NAMES.get(sub.path.name.lower().rstrip("0123456789"))
        if split:
            found.setdefault(split, []).append(sub)
    if "train" not in found or len(found) < 2:
        return {}
    return found if any(sub.has_photos() for sub in found["train"]) else {}


def allowed_splits(split: str, present: set[str]) -> tuple[str, ...]:
    """The splits among which hashes divide the photos of a split's folder.

    Without a folder for tests, half of those for validation are kept for tests;
    without one for validation, those to train on are divided.
    """
    if split == "train" and "validation" not in present:
        return ("train", "validation") if "test" in present else SPLITS
    if split == "validation" and "test" not in present:
        return ("validation", "test")
    return (split,)


def describe_splits(folders: dict[str, list[Folder]], present: set[str]) -> str:
    """One sentence: the folders that are used, and how their photos are divided."""

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
