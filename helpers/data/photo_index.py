"""The photos of a data set by split and SHA-256, read but not decoded.

A photo's split and its place depend on its bytes alone: renaming, adding or removing
files does not move a photo to another split.
"""

import errno
import hashlib
import os
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

from helpers.data.data_sets import DataSet
from helpers.data.decoding import MAX_BYTES, MAX_PIXELS
from helpers.data.image_headers import size_of_photo
from helpers.data.split_folders import SPLITS
from helpers.data.threads import map_in_threads


class IndexedPhoto(NamedTuple):
    """A photo whose bytes have been read, but not yet decoded."""

    split: int
    digest: bytes
    path: Path
    label: int
    side: int  # the longer one in pixels; 0 if the header cannot be read


def split_of(data: bytes, allowed: tuple[str, ...] = SPLITS) -> str:
    """The split of a photo's bytes: 80% "train", 10% "validation", 10% "test".

    Args:
      allowed: fewer splits; they share the photos of the others.
    """
    return SPLITS[sort_key(data, allowed)[0]]


def index_photos(data_set: DataSet, limit: int | None = None) -> list[IndexedPhoto]:
    """The photos of a data set in the order of splits and then SHA-256.

    Args:
      limit: take that many photos, the same ones each time, evenly over the classes.
    """
    files = _take_evenly(data_set, limit)
    keys = map_in_threads(_index_key, files, "reading photos")
    return sorted(
        IndexedPhoto(split, digest, file.path, file.label, side)
        for (split, digest, side), file in zip(keys, files, strict=True)
    )


class _File(NamedTuple):
    path: Path
    label: int
    allowed: tuple[str, ...]


def _take_evenly(data_set: DataSet, limit: int | None) -> list[_File]:
    """The first `limit` files, one of each class in turn."""
    allowed = data_set.allowed or [SPLITS] * len(data_set.paths)
    files = list(map(_File, data_set.paths, data_set.labels, allowed))
    if limit is None:
        return files
    if limit < 1:
        raise ValueError(f"limit is {limit}: expected at least 1")
    classes = range(len(data_set.class_names))
    columns = [[file for file in files if file.label == label] for label in classes]
    in_turn = chain.from_iterable(zip_longest(*columns))
    return [file for file in in_turn if file][:limit]


def _index_key(file: _File) -> tuple[int, bytes, int]:
    """The index of the split, the SHA-256, and the longer side in pixels."""
    try:
        data = read_photo(file.path)
    except OSError:  # decoding fails in the same way, and reports it
        return 0, b"", 0
    split, digest = sort_key(data, file.allowed)
    return split, digest, max(size_of_photo(data, MAX_PIXELS))


def sort_key(data: bytes, allowed: tuple[str, ...] = SPLITS) -> tuple[int, bytes]:
    """The index of the split, and the SHA-256, which mixes the classes."""
    digest = hashlib.sha256(data).digest()
    number = int.from_bytes(digest[:8], "big")
    split = SPLITS[max(0, number % 10 - 7)]
    if "train" not in allowed:
        split = allowed[number // 10 % len(allowed)]
    elif split not in allowed:
        split = "train"
    return SPLITS.index(split), digest


def read_photo(path: Path) -> bytes:
    """The bytes of a photo, or enough of them for decode_photo to refuse.

    Raises:
      OSError: the file cannot be read.
      ValueError: no file can be opened now; that is no fault of the photo.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return file.read(min(size, MAX_BYTES + 1))
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        raise ValueError(
            f"{path} cannot be opened ({error.strerror}): allow more open files "
            "(ulimit -n)"
        ) from error
