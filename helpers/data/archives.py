"""Photos from a zip into a data set folder, which appears whole or not at all."""

import os
import re
import shutil
import stat
import threading
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from helpers.data.decoding import MAX_BYTES, PhotoError, decode_photo
from helpers.data.photos import SUFFIXES, class_name, in_threads

MAX_TOTAL_BYTES = 20_000_000_000
WANTED = "expected a zip with one folder of photos per class, for instance cat/, dog/"

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others inflate unbounded


class DownloadError(ValueError):
    """Photos could not be fetched or unpacked; the message says why."""


class Skipped(NamedTuple):
    """A member of an archive that was left out."""

    member: str
    reason: str

    def __str__(self) -> str:
        return f"{self.member}: {self.reason}"


class Unpacked(NamedTuple):
    """What came out of an archive: photos per class, and what was left out."""

    counts: dict[str, int]
    skipped: list[Skipped]


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Every photo of a zip of class folders, at any depth, as FOLDER/CLASS/NAME.

    Members that are no photos are left out and listed; photos keep their bytes.

    Raises:
      DownloadError: the folder is there already or cannot be written, the file is
        no zip, unpacks to too much, or has fewer than two classes of photos.
    """
    leave_alone(folder)
    beside = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(beside, ignore_errors=True)  # left by a run that was killed
    try:
        with _zip_file(archive) as zip_file:
            unpacked = _unpack(zip_file, beside)
        os.sync()
        beside.rename(folder)
    except OSError as error:
        raise DownloadError(
            f"cannot write {folder} ({error.strerror or error}): nothing was left "
            "behind, make room and run the same command again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return unpacked


def leave_alone(folder: Path) -> None:
    """Refuse to write where something is."""
    if folder.exists():
        raise DownloadError(
            f"{folder} is there already and was left alone: remove or rename it first"
        )


def _zip_file(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except Exception as error:  # the parser raises nearly anything
        raise DownloadError(f"cannot read {archive} ({error}): {WANTED}") from error


def _unpack(zip_file: zipfile.ZipFile, folder: Path) -> Unpacked:
    files = [member for member in zip_file.infolist() if not member.is_dir()]
    skipped = {member: why for member in files if (why := _why_not(member))}
    photos = [member for member in files if member not in skipped]
    if sum(member.file_size for member in photos) > MAX_TOTAL_BYTES:
        raise DownloadError(
            f"{zip_file.filename} unpacks to more than {MAX_TOTAL_BYTES / 1e9:g} GB: "
            "take a smaller one"
        )
    folder.mkdir(parents=True)
    targets = _targets(photos, folder)
    lock = threading.Lock()

    def copy(member: zipfile.ZipInfo) -> str | None:
        try:
            with lock:
                data = _bytes_of(member, zip_file)
            decode_photo(data)
        except PhotoError as error:
            return str(error)
        except Exception as error:  # zipfile and zlib have many
            return f"damaged in the archive ({error})"
        targets[member].parent.mkdir(exist_ok=True)
        targets[member].write_bytes(data)
        return None

    problems = in_threads(copy, photos, "unpacking photos")
    skipped |= {
        member: why for member, why in zip(photos, problems, strict=True) if why
    }
    counts = Counter(
        targets[member].parent.name for member in photos if member not in skipped
    )
    if len(counts) < 2:
        found = f"photos of {next(iter(counts))} only" if counts else "no photos"
        raise DownloadError(f"{zip_file.filename} has {found}: {WANTED}")
    left_out = [
        Skipped(_printable(file.filename), why) for file, why in skipped.items()
    ]
    return Unpacked(dict(sorted(counts.items())), left_out)


def _bytes_of(member: zipfile.ZipInfo, zip_file: zipfile.ZipFile) -> bytes:
    with zip_file.open(member) as file:
        return file.read(member.file_size)  # without a size it inflates to the end


def _path_of(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _class_of(member: zipfile.ZipInfo) -> str:
    return class_name(_path_of(member).parent.name)


def _why_not(member: zipfile.ZipInfo) -> str | None:
    """Why a member is not even read, if so."""
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


def _targets(members: list[zipfile.ZipInfo], folder: Path) -> dict:
    """A path for each member, no two the same even where case does not count."""
    taken: Counter[str] = Counter()
    targets = {}
    for member in members:
        path = folder / _class_of(member) / _path_of(member).name
        target = path
        while taken[str(target).casefold()]:
            taken[str(path).casefold()] += 1
            number = taken[str(path).casefold()]
            target = path.with_name(f"{path.stem}-{number}{path.suffix}")
        taken[str(target).casefold()] += 1
        targets[member] = target
    return targets


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)
