"""Downloads one file over HTTP, resumes a broken download, and checks its SHA-256."""

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

MAX_DOWNLOAD_BYTES = 20_000_000_000  # of a file whose size is not known
RETRY_SECONDS = (1, 2, 4)  # pauses between tries that added no bytes
TIMEOUT_SECONDS = 30

_CHUNK = 1 << 16
_RETRIED_STATUS = (408, 425, 429, 500, 502, 503, 504)
_OR_LOCAL_ZIP = "or use a zip you have with --from"


class DownloadError(ValueError):
    """Photos could not be downloaded or unpacked; the message says why."""


class BrokenConnectionError(DownloadError):
    """The server could not be reached or closed the connection: retry."""


def fetch(
    url: str, path: Path, *, sha256: str | None = None, size: int | None = None
) -> str:
    """Download a file, resuming from what an earlier run left in `PATH.part`.

    A file at the path that has the expected SHA-256 is not downloaded again. Without
    an expected SHA-256, `PATH.part` is discarded, because it may be of another file.

    Args:
      sha256: the expected SHA-256, in hexadecimal.
      size: the expected number of bytes.
    Returns:
      The SHA-256 of the file.
    Raises:
      DownloadError: the file is not there, the connection breaks at every try, or the
        size or SHA-256 is not the expected one.
    """
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise DownloadError(f"{url} is not an http or https address: check the address")
    if sha256 and path.exists() and sha256_of(path) == sha256:
        return sha256
    part = part_of(path)
    if not sha256:
        part.unlink(missing_ok=True)
    try:
        _download(url, part, size)
    except BrokenConnectionError as error:
        again = "resume" if sha256 else "start again"
        raise DownloadError(
            f"{url}: {error}: run the same command again to {again}, {_OR_LOCAL_ZIP}"
        ) from error
    found = sha256_of(part)
    if sha256 and found != sha256:
        part.unlink()
        raise DownloadError(
            f"the downloaded file's SHA-256 is {found}, expected {sha256}: the file "
            f"was removed, run the same command again, {_OR_LOCAL_ZIP}"
        )
    part.replace(path)
    return found


def part_of(path: Path) -> Path:
    """Where a download to this path is until it is complete."""
    return path.with_name(path.name + ".part")


def _download(url: str, part: Path, expected: int | None) -> None:
    largest, pauses = _size(part), list(RETRY_SECONDS)
    while True:
        try:
            return _connect(url, part, expected)
        except BrokenConnectionError as error:
            if _size(part) > largest:
                largest, pauses = _size(part), list(RETRY_SECONDS)
            if not pauses:
                raise
            click.echo(f"{error}: next try in {pauses[0]} s", err=True)
            time.sleep(pauses.pop(0))


def _connect(url: str, part: Path, expected: int | None) -> None:
    """Complete the part over one connection, or raise BrokenConnectionError."""
    start = _size(part)
    if start and start == expected:
        return
    with _open(url, part, start) as response:
        start, total = _content_range(response, part, start)
        if expected and total and total != expected:
            raise DownloadError(
                f"{url} announces {total:,} bytes, {expected:,} were expected: "
                f"check the address, {_OR_LOCAL_ZIP}"
            )
        total = total or expected
        try:
            size = _write(response, part, start, total)
        except OSError as error:  # of the disk: _chunks converts those of the network
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
        asked = request.Request(url, headers=headers)  # noqa: S310  http and https only
        return _opener().open(asked, None, TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        answer = f"the server answers {error.code} {error.reason}"
        if error.code == 416:  # the part is longer than the file
            part.unlink()
        elif error.code not in _RETRIED_STATUS:
            raise DownloadError(
                f"{url}: {answer}: check the address, {_OR_LOCAL_ZIP}"
            ) from error
        raise BrokenConnectionError(answer) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise BrokenConnectionError(f"no connection ({reason})") from error


def _opener() -> request.OpenerDirector:
    """urllib's opener without `file:` and `ftp:`, to which a server could redirect."""
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


def _content_range(
    response: HTTPResponse, part: Path, start: int
) -> tuple[int, int | None]:
    """The offset of the response's first byte, and the size of the whole file."""
    if response.status != 206:  # the server ignores Range
        return 0, response.length
    sent = re.fullmatch(
        r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "")
    )
    if not sent or int(sent[1]) != start:
        part.unlink(missing_ok=True)
        raise BrokenConnectionError("the server sent another part than was asked for")
    return start, None if sent[2] == "*" else int(sent[2])


def _write(response: HTTPResponse, part: Path, start: int, total: int | None) -> int:
    """Append the response to the part; returns the part's size."""
    limit = total or MAX_DOWNLOAD_BYTES
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
                    f"the server sent more than {limit:,} bytes: check the address"
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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
