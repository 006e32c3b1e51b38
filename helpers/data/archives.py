"""Unpacks the photos of a zip into a data set folder, completely or not at all."""

import os
import re
import shutil
import stat
import threading
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from helpers.data.decoding import MAX_BYTES, PhotoError, decode_photo
from helpers.data.downloads import DownloadError
from helpers.data.folders import SUFFIXES, printable
from helpers.data.threads import map_in_threads

MAX_TOTAL_BYTES = 20_000_000_000
ZIP_LAYOUT = (
    "expected a zip with one folder of photos per class, for instance cat/, dog/"
)

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others have no read limit


class Skipped(NamedTuple):
    """A member of an archive that was not unpacked."""

    member: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.member)}: {self.reason}"


class Unpacked(NamedTuple):
    """The number of photos unpacked for each class, and the skipped members."""

    counts: dict[str, int]
    skipped: list[Skipped]


def unpack(
    archive: Path, folder: Path, class_names: Mapping[str, str] | None = None
) -> Unpacked:
    """Write every photo of a zip of class folders, at any depth, as FOLDER/CLASS/NAME.

    Members that are no photos are skipped and listed. Photos are written unchanged.

    Args:
      class_names: classes to be renamed, by the names of their folders in lower case;
        the others keep their folders' names.
    Raises:
      DownloadError: the folder exists or cannot be written; the file is no zip,
        unpacks to over MAX_TOTAL_BYTES, or has photos of fewer than two classes.
    """
    refuse_existing(folder)
    unfinished = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(unfinished, ignore_errors=True)  # from a run that was killed
    try:
        with _open_zip(archive) as zip_file:
            unpacked = _unpack(zip_file, unfinished, class_names or {})
        os.sync()
        unfinished.rename(folder)
    except OSError as error:
        raise DownloadError(
            f"cannot write {folder} ({error.strerror or error}): nothing was left "
            "behind, make room and run the same command again"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return unpacked


def refuse_existing(folder: Path) -> None:
    """Raise DownloadError if the folder exists."""
    if folder.exists():
        raise DownloadError(
            f"{folder} is there already and was left alone: remove or rename it first"
        )


def _open_zip(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except Exception as error:  # the parser raises nearly anything
        raise DownloadError(f"cannot read {archive} ({error}): {ZIP_LAYOUT}") from error


def _unpack(
    zip_file: zipfile.ZipFile, folder: Path, class_names: Mapping[str, str]
) -> Unpacked:
    files = [member for member in zip_file.infolist() if not member.is_dir()]
    skipped = {member: why for member in files if (why := _reason_to_skip(member))}
    photos = [member for member in files if member not in skipped]
    if sum(member.file_size for member in photos) > MAX_TOTAL_BYTES:
        raise DownloadError(
            f"{zip_file.filename} unpacks to more than {MAX_TOTAL_BYTES / 1e9:g} GB: "
            "take a smaller one"
        )
    folder.mkdir(parents=True)
    targets = _targets(photos, folder, class_names)
    lock = threading.Lock()

    def copy(member: zipfile.ZipInfo) -> str | None:
        try:
            with lock, zip_file.open(member) as file:
                data = file.read(member.file_size)  # no more than was declared
            decode_photo(data)
        except PhotoError as error:
            return str(error)
        except Exception as error:  # zipfile and zlib have many
            return f"damaged in the archive ({error})"
        targets[member].parent.mkdir(exist_ok=True)
        targets[member].write_bytes(data)
        return None

    problems = map_in_threads(copy, photos, "unpacking photos")
    skipped |= {
        member: why for member, why in zip(photos, problems, strict=True) if why
    }
    counts = Counter(
        targets[member].parent.name for member in photos if member not in skipped
    )
    if len(counts) < 2:
        found = f"photos of {next(iter(counts))} only" if counts else "no photos"
        raise DownloadError(f"{zip_file.filename} has {found}: {ZIP_LAYOUT}")
    listed = [Skipped(file.filename, why) for file, why in skipped.items()]
    return Unpacked(dict(sorted(counts.items())), listed)


def _path_of(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _class_of(member: zipfile.ZipInfo) -> str:
    return _path_of(member).parent.name.strip()


def _reason_to_skip(member: zipfile.ZipInfo) -> str | None:
    """Why a member is skipped without reading it, or None."""
    path = _path_of(member)
    kind = stat.S_IFMT(member.external_attr >> 16)
    names = (*path.parts, _class_of(member))
    checks = {
        "unsafe path": path.is_absolute()
        or ".." in names
        or re.match("[A-Za-z]:", str(path)),
        "a link or a device": kind not in (0, stat.S_IFREG),
        "in no class folder": not _class_of(member),
        "hidden": any(name.startswith((".", "__MACOSX")) for name in names),
        "not named like a photo": path.suffix.lower() not in SUFFIXES,
        "too long a name": any(len(os.fsencode(name)) > 200 for name in names),
        f"over {MAX_BYTES / 1e6:g} MB": member.file_size > MAX_BYTES,
        "encrypted": member.flag_bits & 1,
        "not compressed with Deflate": member.compress_type not in _METHODS,
    }
    return next((reason for reason, applies in checks.items() if applies), None)


def _targets(
    members: list[zipfile.ZipInfo], folder: Path, class_names: Mapping[str, str]
) -> dict[zipfile.ZipInfo, Path]:
    """A path for each member; no two are equal, even if case is ignored."""
    taken: Counter[str] = Counter()
    targets = {}
    for member in members:
        name = _class_of(member)
        path = folder / class_names.get(name.lower(), name) / _path_of(member).name
        target = path
        while taken[str(target).casefold()]:
            taken[str(path).casefold()] += 1
            number = taken[str(path).casefold()]
            target = path.with_name(f"{path.stem}-{number}{path.suffix}")
        taken[str(target).casefold()] += 1
        targets[member] = target
    return targets
