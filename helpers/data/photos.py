"""Folders of photos as arrays: classes, splits, batches.

A data set is a folder with one folder per class. A photo's split and its place
in the arrays follow from its bytes alone, so that neither moves when files are
renamed, added or taken away.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import hashlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from helpers.data.decoding import IMAGE_SIZE, MAX_BYTES, PhotoError, decode_photo
from helpers.data.drawings import CLASS_NAMES, make_drawings

SPLITS = ("train", "validation", "test")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp")

_WANTED = "expected one folder of photos per class, for instance cat/ and dog/"


class NoPhotosError(ValueError):
    """A folder where a data set was looked for holds no photo."""


class UnreadablePhotos(UserWarning):
    """Some files of a data set are no photos and were left out."""


class DataSet(NamedTuple):
    """The files of a data set; `labels[i]` is the class of `paths[i]`."""

    root: Path
    class_names: tuple[str, ...]
    paths: list[Path]
    labels: list[int]


class Examples(NamedTuple):
    """Decoded pictures with their classes and splits."""

    images: np.ndarray  # uint8 [N, size, size, 3]
    labels: np.ndarray  # int64 [N]
    splits: np.ndarray  # str [N]
    class_names: tuple[str, ...]
    source: str

    def of(self, split: str) -> "Examples":
        """The examples of one split: views where they lie together, else copies."""
        if split not in SPLITS:
            raise ValueError(f"no split {split!r}: choose {', '.join(SPLITS)}")
        rows = np.flatnonzero(self.splits == split)
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            rows = slice(rows[0], rows[-1] + 1)
        return self._replace(
            images=self.images[rows], labels=self.labels[rows], splits=self.splits[rows]
        )


def class_name(folder: str) -> str:
    """The class a folder is named after: `Cat`, `cats` and `cat` are all "cat"."""
    name = folder.strip().lower()
    if name.endswith(("ss", "us", "is", "ies")):  # grass, octopus, iris, movies
        return name
    return re.sub(r"(?<=ch|sh|ss)es$|(?<=x)es$|s$", "", name)


def find_data_set(root: Path) -> DataSet:
    """The data set that is a folder, or the only one in a folder.

    `samples/` never counts: it holds drawings made by the project.

    Raises:
      NoPhotosError: there is no photo in the folder.
      ValueError: it is no folder, has one class only or holds several data sets.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: {_WANTED}")
    found = {folder: _class_folders(folder) for folder in (root, *_folders(root))}
    data_sets = [folder for folder in found if len(found[folder]) > 1]
    if len(data_sets) > 1 and data_sets[0] != root:
        names = ", ".join(folder.name for folder in data_sets)
        raise ValueError(f"{root} holds several data sets ({names}): name one of them")
    if data_sets:
        return _data_set(data_sets[0], found[data_sets[0]])
    if any(found.values()):
        raise ValueError(f"{root} has one class only: {_WANTED}")
    raise NoPhotosError(f"there are no photos in {root}: {_WANTED}")


def _data_set(root: Path, class_folders: dict[str, list[Path]]) -> DataSet:
    class_names = tuple(sorted(class_folders))
    paths, labels = [], []
    for label, name in enumerate(class_names):
        photos = sorted(chain.from_iterable(map(_photos_in, class_folders[name])))
        paths += photos
        labels += [label] * len(photos)
    return DataSet(root, class_names, paths, labels)


def _class_folders(root: Path) -> dict[str, list[Path]]:
    classes: dict[str, list[Path]] = {}
    for folder in _folders(root):
        if next(_photos_in(folder), None):
            classes.setdefault(class_name(folder.name), []).append(folder)
    return classes


def _folders(root: Path) -> list[Path]:
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


def split_of(data: bytes) -> str:
    """The split of a photo's bytes: 80% "train", 10% "validation", 10% "test"."""
    return SPLITS[_place(data)[0]]


def _place(data: bytes) -> tuple[int, bytes]:
    """Where content sorts: by split, then by hash, which mixes the classes."""
    digest = hashlib.sha256(data).digest()
    return max(0, int.from_bytes(digest[:8], "big") % 10 - 7), digest


def load_photos(
    data_set: DataSet, size: int = IMAGE_SIZE, limit: int | None = None
) -> Examples:
    """Every photo of a data set decoded, ordered by split and content.

    Args:
      size: side of the pictures in pixels.
      limit: take that many, evenly over the classes, always the same.
    Raises:
      NoPhotosError: not one of the files could be read.
    Warns:
      UnreadablePhotos: names the files that were left out, and why.
    """
    files = _evenly(data_set, limit)
    places = in_threads(lambda file: _place_of(file[0]), files, "reading photos")
    photos = sorted(zip(places, files, strict=True))
    images = np.empty((len(photos), size, size, 3), np.uint8)

    def decode(row: int) -> str | None:
        path = photos[row][1][0]
        try:
            images[row] = decode_photo(_read(path), size)
        except (PhotoError, OSError) as error:
            return f"{path}: {error}"
        return None

    problems = in_threads(decode, range(len(photos)), "decoding photos")
    _warn_about(sorted(filter(None, problems)))
    kept = [row for row, problem in enumerate(problems) if not problem]
    if not kept:
        raise NoPhotosError(f"not one photo in {data_set.root} can be read: {_WANTED}")
    for row, old in enumerate(kept):
        if row != old:
            images[row] = images[old]  # in place: a copy would need as much memory
    labels = np.array([photos[row][1][1] for row in kept], np.int64)
    splits = np.array([SPLITS[photos[row][0][0]] for row in kept])
    source = _source(data_set, labels)
    return Examples(images[: len(kept)], labels, splits, data_set.class_names, source)


def _evenly(data_set: DataSet, limit: int | None) -> list[tuple[Path, int]]:
    files = list(zip(data_set.paths, data_set.labels, strict=True))
    if limit is None:
        return files
    if limit < 1:
        raise ValueError(f"limit is {limit}: expected at least 1")
    classes = range(len(data_set.class_names))
    columns = [[file for file in files if file[1] == label] for label in classes]
    in_turn = chain.from_iterable(zip_longest(*columns))
    return [file for file in in_turn if file][:limit]


def _place_of(path: Path) -> tuple[int, bytes]:
    try:
        return _place(_read(path))
    except OSError:  # decoding meets it again, and says so
        return 0, b""


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return file.read(min(size, MAX_BYTES + 1))  # the most decode_photo has to see


def in_threads(task: Callable, items: Sequence, label: str) -> list:
    """The task's result for each item, with a progress bar if there are many."""
    pool = ThreadPoolExecutor(os.cpu_count())  # Pillow decodes without the GIL
    hidden = len(items) < 500 or not sys.stderr.isatty()
    try:
        results = pool.map(task, items)
        with click.progressbar(
            results, len(items), label, hidden=hidden, file=sys.stderr
        ) as bar:
            return list(bar)
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C leaves now, not after the last


def _warn_about(problems: list[str]) -> None:
    if problems:
        more = f"\n  and {len(problems) - 20:,} more" if len(problems) > 20 else ""
        lines = "\n  ".join(problems[:20])
        message = f"files left out: {len(problems):,}\n  {lines}{more}"
        warnings.warn(message, UnreadablePhotos, stacklevel=3)


def _source(data_set: DataSet, labels: np.ndarray) -> str:
    counts = np.bincount(labels, minlength=len(data_set.class_names))
    named = zip(counts, data_set.class_names, strict=True)
    each = ", ".join(f"{count:,} {name}" for count, name in named)
    return f"{len(labels):,} photos in {data_set.root.name} ({each})"


def drawn_examples(count: int, seed: int = 0, size: int = IMAGE_SIZE) -> Examples:
    """The embedded drawings, split and ordered by their pixels."""
    images, labels = make_drawings(count, seed, size)
    places = [_place(image.tobytes()) for image in images]
    order = sorted(range(count), key=places.__getitem__)
    splits = np.array([SPLITS[places[i][0]] for i in order])
    source = f"{count:,} drawings"
    return Examples(images[order], labels[order], splits, CLASS_NAMES, source)


def examples_in(
    root: Path,
    *,
    size: int = IMAGE_SIZE,
    limit: int | None = None,
    drawings: int = 2000,
) -> Examples:
    """The photos in a folder if there are any, else drawings; `source` says which."""
    try:
        data_set = find_data_set(root)
    except NoPhotosError:
        count = drawings if limit is None else min(limit, drawings)
        return drawn_examples(count, size=size)
    return load_photos(data_set, size, limit)


def batches(
    examples: Examples, batch_size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch in the seed's order: uint8 [n, size, size, 3] and int64 [n]."""
    order = np.random.default_rng(seed).permutation(len(examples.labels))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        yield examples.images[rows], examples.labels[rows]
