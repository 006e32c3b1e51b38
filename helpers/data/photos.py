"""Loads a data set's photos, or drawings instead, as arrays; splits and batches them.

A photo's split and its position in the arrays depend on its bytes alone: renaming,
adding or removing files does not move a photo to another split.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import hashlib
import os
import warnings
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data.data_sets import LAYOUT, DataSet, NoPhotosError, find_data_set
from helpers.data.decoding import IMAGE_SIZE, MAX_BYTES, PhotoError, decode_photo
from helpers.data.drawings import CLASS_NAMES, make_drawings
from helpers.data.threads import map_in_threads

SPLITS = ("train", "validation", "test")


class UnreadablePhotos(UserWarning):
    """Files of a data set could not be decoded and were left out."""


class Examples(NamedTuple):
    """Decoded pictures with their classes and splits."""

    images: np.ndarray  # uint8 [N, size, size, 3]
    labels: np.ndarray  # int64 [N]
    splits: np.ndarray  # str [N]
    class_names: tuple[str, ...]
    source: str

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


def split_of(data: bytes) -> str:
    """The split of a photo's bytes: 80% "train", 10% "validation", 10% "test"."""
    return SPLITS[_sort_key(data)[0]]


def _sort_key(data: bytes) -> tuple[int, bytes]:
    """The index of the split, and the SHA-256, which mixes the classes."""
    digest = hashlib.sha256(data).digest()
    return max(0, int.from_bytes(digest[:8], "big") % 10 - 7), digest


class _Photo(NamedTuple):
    split: int
    digest: bytes
    path: Path
    label: int


def load_photos(
    data_set: DataSet, size: int = IMAGE_SIZE, limit: int | None = None
) -> Examples:
    """Every photo of a data set, decoded, in the order of splits and then SHA-256.

    Args:
      size: side of the pictures in pixels.
      limit: load that many photos, the same ones each time, evenly over the classes.
    Raises:
      NoPhotosError: none of the files could be decoded.
    Warns:
      UnreadablePhotos: names the files that were left out, and why.
    """
    files = _take_evenly(data_set, limit)
    paths = [path for path, _ in files]
    keys = map_in_threads(_sort_key_of, paths, "reading photos")
    photos = sorted(
        _Photo(split, digest, path, label)
        for (split, digest), (path, label) in zip(keys, files, strict=True)
    )
    images = np.empty((len(photos), size, size, 3), np.uint8)

    def decode(row: int) -> str | None:
        try:
            images[row] = decode_photo(_read(photos[row].path), size)
        except (PhotoError, OSError) as error:
            return f"{photos[row].path}: {error}"
        return None

    problems = map_in_threads(decode, range(len(photos)), "decoding photos")
    _warn_about(sorted(filter(None, problems)))
    decoded = [row for row, problem in enumerate(problems) if not problem]
    if not decoded:
        raise NoPhotosError(f"not one photo in {data_set.root} can be read: {LAYOUT}")
    for row, old in enumerate(decoded):
        if row != old:
            images[row] = images[old]  # in place: a copy would need as much memory
    labels = np.array([photos[row].label for row in decoded], np.int64)
    splits = np.array([SPLITS[photos[row].split] for row in decoded])
    names, source = data_set.class_names, _describe(data_set, labels)
    return Examples(images[: len(decoded)], labels, splits, names, source)


def _take_evenly(data_set: DataSet, limit: int | None) -> list[tuple[Path, int]]:
    """The first `limit` files with their labels, one of each class in turn."""
    files = list(zip(data_set.paths, data_set.labels, strict=True))
    if limit is None:
        return files
    if limit < 1:
        raise ValueError(f"limit is {limit}: expected at least 1")
    classes = range(len(data_set.class_names))
    columns = [[file for file in files if file[1] == label] for label in classes]
    in_turn = chain.from_iterable(zip_longest(*columns))
    return [file for file in in_turn if file][:limit]


def _sort_key_of(path: Path) -> tuple[int, bytes]:
    try:
        return _sort_key(_read(path))
    except OSError:  # decoding fails in the same way, and reports it
        return 0, b""


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return file.read(min(size, MAX_BYTES + 1))  # enough for decode_photo to refuse


def _warn_about(problems: list[str]) -> None:
    if problems:
        more = f"\n  and {len(problems) - 20:,} more" if len(problems) > 20 else ""
        lines = "\n  ".join(problems[:20])
        message = f"files left out: {len(problems):,}\n  {lines}{more}"
        warnings.warn(message, UnreadablePhotos, stacklevel=3)


def _describe(data_set: DataSet, labels: np.ndarray) -> str:
    counts = np.bincount(labels, minlength=len(data_set.class_names))
    named = zip(counts, data_set.class_names, strict=True)
    each = ", ".join(f"{count:,} {name}" for count, name in named)
    return f"{len(labels):,} photos in {data_set.root.name} ({each})"


def drawn_examples(count: int, seed: int = 0, size: int = IMAGE_SIZE) -> Examples:
    """Drawings of cats and dogs, split and ordered by the SHA-256 of their pixels."""
    images, labels = make_drawings(count, seed, size)
    keys = [_sort_key(image.tobytes()) for image in images]
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
