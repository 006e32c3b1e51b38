"""Loads a data set's photos, or drawings instead, as arrays; splits and batches them.

A photo's split and its position in the arrays depend on its bytes alone: renaming,
adding or removing files does not move a photo to another split.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data.data_sets import LAYOUT, DataSet, NoPhotosError, find_data_set
from helpers.data.decoding import IMAGE_SIZE, PhotoError, decode_photo
from helpers.data.drawings import CLASS_NAMES, make_drawings
from helpers.data.folders import LeftOut
from helpers.data.photo_index import IndexedPhoto, index_photos, read_photo, sort_key
from helpers.data.split_folders import SPLITS
from helpers.data.threads import map_in_threads


class UnreadablePhotos(UserWarning):
    """Files of a data set could not be decoded and were left out."""


class Examples(NamedTuple):
    """Decoded pictures with their classes and splits."""

    images: np.ndarray  # uint8 [N, size, size, 3]
    labels: np.ndarray  # int64 [N]
    splits: np.ndarray  # str [N]
    class_names: tuple[str, ...]
    source: str
    left_out: tuple[LeftOut, ...] = ()  # files that could not be decoded

    def of(self, split: str) -> "Examples":
        """The examples of one split: views if its rows are contiguous, else copies."""
        if split not in SPLITS:
            raise ValueError(f"no split {split!r}: choose {', '.join(SPLITS)}")
        rows: np.ndarray | slice
        rows = indices = np.flatnonzero(self.splits == split)
        if len(indices) and indices[-1] - indices[0] + 1 == len(indices):
            rows = slice(indices[0], indices[-1] + 1)
        return self._replace(
            images=self.images[rows], labels=self.labels[rows], splits=self.splits[rows]
        )

    def counts(self) -> np.ndarray:
        """The number of examples of each class, int64 [len(class_names)]."""
        return np.bincount(self.labels, minlength=len(self.class_names))


def load_photos(
    data_set: DataSet,
    size: int = IMAGE_SIZE,
    limit: int | None = None,
    photos: list[IndexedPhoto] | None = None,
) -> Examples:
    """Every photo of a data set, decoded, in the order of splits and then SHA-256.

    A class of which no photo can be decoded is left out.

    Args:
      size: side of the pictures in pixels.
      limit: load that many photos, the same ones each time, evenly over the classes.
      photos: from `index_photos`, so that the files are not read once more.
    Raises:
      NoPhotosError: none of the files could be decoded.
    Warns:
      UnreadablePhotos: names the files and classes that were left out, and why.
    """
    if photos is None:
        photos = index_photos(data_set, limit)
    images = np.empty((len(photos), size, size, 3), np.uint8)

    def decode(row: int) -> str | None:
        try:
            images[row] = decode_photo(read_photo(photos[row].path), size)
        except (PhotoError, OSError) as error:
            return str(getattr(error, "strerror", None) or error)
        return None

    problems = map_in_threads(decode, range(len(photos)), "decoding photos")
    left_out = tuple(
        sorted(
            LeftOut(photo.path, problem)
            for photo, problem in zip(photos, problems, strict=True)
            if problem
        )
    )
    decoded = [row for row, problem in enumerate(problems) if not problem]
    labels = np.array([photos[row].label for row in decoded], np.int64)
    names, labels, lost = _without_empty_classes(data_set.class_names, labels)
    _warn_about(left_out, lost)
    if not decoded:
        raise NoPhotosError(f"not one photo in {data_set.root} can be read: {LAYOUT}")
    for row, old in enumerate(decoded):
        if row != old:
            images[row] = images[old]  # in place: a copy would need as much memory
    splits = np.array([SPLITS[photos[row].split] for row in decoded])
    source = _describe(data_set.root, names, labels)
    return Examples(images[: len(decoded)], labels, splits, names, source, left_out)


def _without_empty_classes(
    names: tuple[str, ...], labels: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """The classes that have photos, the labels among them, and the other classes."""
    counts = np.bincount(labels, minlength=len(names))
    kept = np.flatnonzero(counts)
    places = np.cumsum(counts > 0) - 1
    lost = [names[label] for label in np.flatnonzero(counts == 0)]
    return tuple(names[label] for label in kept), places[labels].astype(np.int64), lost


def _warn_about(left_out: tuple[LeftOut, ...], classes: list[str]) -> None:
    if left_out:
        folders = Counter(item.path.parent.name for item in left_out)
        counts = ", ".join(f"{count:,} in {name}" for name, count in folders.items())
        more = f"\n  and {len(left_out) - 20:,} more" if len(left_out) > 20 else ""
        lines = "\n  ".join(map(str, left_out[:20]))
        message = f"files left out: {len(left_out):,} ({counts})\n  {lines}{more}"
        for name in classes:
            message += f"\n  class left out: {name}, none of its photos can be read"
        warnings.warn(message, UnreadablePhotos, stacklevel=3)


def _describe(root: Path, names: tuple[str, ...], labels: np.ndarray) -> str:
    counts = np.bincount(labels, minlength=len(names))
    each = ", ".join(f"{n:,} {name}" for n, name in zip(counts, names, strict=True))
    return f"{len(labels):,} photos in {root.name} ({each})"


def drawn_examples(count: int, seed: int = 0, size: int = IMAGE_SIZE) -> Examples:
    """Drawings of cats and dogs, split and ordered by the SHA-256 of their pixels."""
    images, labels = make_drawings(count, seed, size)
    keys = [sort_key(image.tobytes()) for image in images]
    order = sorted(range(count), key=keys.__getitem__)
    splits = np.array([SPLITS[keys[i][0]] for i in order])
    source = f"{count:,} drawings"
    return Examples(images[order], labels[order], splits, CLASS_NAMES, source)


def examples_in(
    root: Path,
    *,
    size: int = IMAGE_SIZE,
    limit: int | None = None,
    drawings: int = 2000,
) -> Examples:
    """The photos in a folder, or that many drawings if it has none.

    `Examples.source` says which. Errors are those of `find_data_set` and
    `load_photos`, except for a folder without photos.
    """
    try:
        data_set = find_data_set(root)
    except NoPhotosError:
        count = drawings if limit is None else min(limit, drawings)
        return drawn_examples(count, size=size)
    return load_photos(data_set, size, limit)


def batches(
    examples: Examples, batch_size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch of batches, shuffled by the seed.

    Yields:
      images, uint8 [n, size, size, 3], and labels, int64 [n]; the last batch may be
      smaller than the others.
    """
    order = np.random.default_rng(seed).permutation(len(examples.labels))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        yield examples.images[rows], examples.labels[rows]
