"""Photos from a web address, checked before they are unpacked."""

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib import request
from urllib.error import HTTPError

import click

from helpers.data.archives import (
    MAX_TOTAL_BYTES,
    WANTED,
    DownloadError,
    Unpacked,
    leave_alone,
    unpack,
)

# https://www.microsoft.com/en-us/download/details.aspx?id=54765
CATS_DOGS_URL = (
    "https://download.microsoft.com/download/3/E/1/"
    "3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
)
CATS_DOGS_BYTES = 824_887_076
CATS_DOGS_SHA256 = "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"

RETRY_SECONDS = (1, 2, 4)  # pauses between tries that brought nothing new
TIMEOUT_SECONDS = 30

_CHUNK = 1 << 16
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_OTHERWISE = "or use a zip you have with --from"


class BrokenConnectionError(DownloadError):
    """The server could not be reached, or broke off: worth another try."""


def download_cats_dogs(data: Path, source: str | None = None) -> Unpacked:
    """The photos of cats and dogs, unpacked into `cats-dogs/` in a data folder.

    Args:
      source: another zip of class folders, a path or an http address.
    """
    folder = Path(data) / "cats-dogs"
    leave_alone(folder)
    if source and "://" not in source:
        if not Path(source).is_file():
            raise DownloadError(
                f"there is no file {source}: {WANTED}, or its http address"
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
