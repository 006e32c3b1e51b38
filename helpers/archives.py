"""Photos from a zip or a web address into a data set folder.

Nothing is unpacked before its checksum is right, and a data set appears whole or
not at all.
"""

import hashlib
import os
import re
import shutil
import stat
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib import request
from urllib.error import HTTPError

import click

from helpers.decoding import MAX_BYTES, PhotoError, decode_photo
from helpers.photos import SUFFIXES, class_name, in_threads

# https://www.microsoft.com/en-us/download/details.aspx?id=54765
CATS_DOGS_URL = (
    "https://download.microsoft.com/download/3/E/1/"
    "3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
)
CATS_DOGS_BYTES = 824_887_076
CATS_DOGS_SHA256 = "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"

MAX_TOTAL_BYTES = 20_000_000_000
RETRY_SECONDS = (1, 2, 4)  # pauses between tries that brought nothing new
TIMEOUT_SECONDS = 30

_CHUNK = 1 << 16
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others inflate unbounded
_OTHERWISE = "or use a zip you have with --from"
_WANTED = "expected a zip with one folder of photos per class, for instance cat/, dog/"


class DownloadError(ValueError):
    """Photos could not be fetched or unpacked; the message says why."""


class BrokenConnectionError(DownloadError):
    """The server could not be reached, or broke off: worth another try."""


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


def download_cats_dogs(data: Path, source: str | None = None) -> Unpacked:
    """The photos of cats and dogs, unpacked into `cats-dogs/` in a data folder.

    Args:
      source: another zip of class folders, a path or an http address.
    """
    folder = Path(data) / "cats-dogs"
    _leave_alone(folder)
    if source and "://" not in source:
        if not Path(source).is_file():
            raise DownloadError(
                f"there is no file {source}: {_WANTED}, or its http address"
            )
        _print_sha256(source, _sha256_of(Path(source)))
        return unpack(Path(source), folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.with_suffix(".download")
    if source:
        _print_sha256(source, fetch(source, archive))
    else:
        expected = {"sha256": CATS_DOGS_SHA256, "bytes_expected": CATS_DOGS_BYTES}
        fetch(CATS_DOGS_URL, archive, **expected)
    try:
        return unpack(archive, folder)
    finally:
        if source or folder.exists():  # else it is whole, and the next try needs it
            archive.unlink()


def _print_sha256(source: str, sha256: str) -> None:
    click.echo(f"SHA-256 of {source}: {sha256}", err=True)


def fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    bytes_expected: int | None = None,
) -> str:
    """Download to a path, resuming what an earlier try left in `PATH.part`.

    Without a checksum to prove that they belong together, nothing left from an
    earlier run is used.

    Returns:
      The SHA-256 of what was downloaded.
    Raises:
      DownloadError: it is not there, breaks off again and again, or is not what
        was expected.
    """
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise DownloadError(f"{url} is no http or https address: check it")
    if sha256 and path.exists() and _sha256_of(path) == sha256:
        return sha256
    part = path.with_name(path.name + ".part")
    if not sha256:
        part.unlink(missing_ok=True)
    try:
        _download(url, part, bytes_expected)
    except BrokenConnectionError as error:
        again = "resume" if sha256 else "start again"
        raise DownloadError(
            f"{url}: {error}: run the same command again to {again}, {_OTHERWISE}"
        ) from error
    return _accept(part, path, sha256)


def _accept(part: Path, path: Path, sha256: str | None) -> str:
    found = _sha256_of(part)
    if sha256 and found != sha256:
        part.unlink()
        raise DownloadError(
            f"what came has SHA-256 {found}, not {sha256}, and was removed: "
            f"run the same command again, {_OTHERWISE}"
        )
    part.replace(path)
    return found


def _download(url: str, part: Path, expected: int | None) -> None:
    best, pauses = _size(part), list(RETRY_SECONDS)
    while True:
        try:
            return _connect(url, part, expected)
        except BrokenConnectionError as error:
            if _size(part) > best:
                best, pauses = _size(part), list(RETRY_SECONDS)
            if not pauses:
                raise
            click.echo(f"{error}: next try in {pauses[0]} s", err=True)
            time.sleep(pauses.pop(0))


def _connect(url: str, part: Path, expected: int | None) -> None:
    """One connection that completes the part, or raises BrokenConnectionError."""
    start = _size(part)
    if start and start == expected:
        return
    with _open(url, part, start) as response:
        start, total = _offer(response, part, start)
        if expected and total and total != expected:
            raise DownloadError(
                f"{url} announces {total:,} bytes, {expected:,} were expected: "
                f"check the address, {_OTHERWISE}"
            )
        total = total or expected
        try:
            size = _write(response, part, start, total)
        except OSError as error:  # of the disk: those of the network have their own
            raise DownloadError(
                f"cannot write {part} ({error.strerror or error}): make room and "
                "run the same command again"
            ) from error
    if total and size < total:
        raise BrokenConnectionError(f"broke off after {size:,} of {total:,} bytes")


def _open(url: str, part: Path, start: int) -> HTTPResponse:
    headers = {"User-Agent": "freeze-and-serve", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return _opener().open(
            request.Request(url, headers=headers), None, TIMEOUT_SECONDS
        )
    except HTTPError as error:
        error.close()
        answer = f"the server answers {error.code} {error.reason}"
        if error.code == 416:  # it ends before the part does
            part.unlink()
        elif error.code not in _BUSY:
            raise DownloadError(f"{url}: {answer}: check it, {_OTHERWISE}") from error
        raise BrokenConnectionError(answer) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise BrokenConnectionError(f"no connection ({reason})") from error


def _opener() -> request.OpenerDirector:
    """Like urllib's own, without file and ftp, to which a server could redirect."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPRedirectHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPErrorProcessor,
        request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _offer(response: HTTPResponse, part: Path, start: int) -> tuple[int, int | None]:
    """Where the answer's bytes start, and how many the whole file has."""
    if response.status != 206:  # the server ignores Range
        return 0, response.length
    given = re.fullmatch(
        r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "")
    )
    if not given or int(given[1]) != start:
        part.unlink(missing_ok=True)
        raise BrokenConnectionError("the server sent another part than was asked for")
    return start, None if given[2] == "*" else int(given[2])


def _write(response: HTTPResponse, part: Path, start: int, total: int | None) -> int:
    limit = total or MAX_TOTAL_BYTES
    bar = click.progressbar(
        length=limit,
        label="downloading",
        hidden=not total,
        file=sys.stderr,
        update_min_steps=limit // 1000,
    )
    with part.open("ab" if start else "wb") as file, bar:
        bar.update(start)
        for chunk in _chunks(response):
            start += len(chunk)
            if start > limit:
                part.unlink()
                raise DownloadError(
                    f"more than {limit:,} bytes came: check the address"
                )
            file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    return start


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as error:
            raise BrokenConnectionError(f"the connection broke ({error})") from error
        if not chunk:
            return
        yield chunk


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Every photo of a zip of class folders, at any depth, as FOLDER/CLASS/NAME.

    Members that are no photos are left out and listed; photos keep their bytes.

    Raises:
      DownloadError: the folder is there already or cannot be written, the file is
        no zip, unpacks to too much, or has fewer than two classes of photos.
    """
    _leave_alone(folder)
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


def _leave_alone(folder: Path) -> None:
    if folder.exists():
        raise DownloadError(
            f"{folder} is there already and was left alone: remove or rename it first"
        )


def _zip_file(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except Exception as error:  # the parser raises nearly anything
        raise DownloadError(f"cannot read {archive} ({error}): {_WANTED}") from error


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
        raise DownloadError(f"{zip_file.filename} has {found}: {_WANTED}")
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
