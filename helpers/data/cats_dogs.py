"""Downloads Microsoft's 25,000 photos of cats and dogs, or unpacks another zip."""

from pathlib import Path

import click

from helpers.data.archives import ZIP_LAYOUT, Unpacked, refuse_existing, unpack
from helpers.data.downloads import DownloadError, fetch, part_of, sha256_of
from helpers.locks import locked

# https://www.microsoft.com/en-us/download/details.aspx?id=54765
CATS_DOGS_URL = (
    "https://download.microsoft.com/download/3/E/1/"
    "3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
)
CATS_DOGS_BYTES = 824_887_076
CATS_DOGS_SHA256 = "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"
# The archives that are around name them in four ways; the shipped models have these.
CLASS_NAMES = {"cat": "cat", "cats": "cat", "dog": "dog", "dogs": "dog"}


def download_cats_dogs(data: Path, source: str | None = None) -> Unpacked:
    """Unpacks the photos into `cats-dogs/` in the data folder, as `cat/` and `dog/`.

    Args:
      source: another zip of class folders, a path or an http address. Its SHA-256 is
        printed to standard error.
    Raises:
      DownloadError: from `fetch` or `unpack`, there is no such file, or another process
        downloads into the folder.
    """
    folder = Path(data) / "cats-dogs"
    is_file = source is not None and "://" not in source
    if is_file and not folder.exists() and not Path(str(source)).is_file():
        raise DownloadError(
            f"there is no file {source}: {ZIP_LAYOUT}, or its http address"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent) as free:
        if not free:
            raise DownloadError(
                f"another download into {data} is running: wait until it ends"
            )
        if folder.exists():
            _sweep(folder)
        refuse_existing(folder)
        if source and is_file:
            _print_sha256(source, sha256_of(Path(source)))
            return unpack(Path(source), folder, CLASS_NAMES)
        return _download(folder, source)


def _sweep(folder: Path) -> None:
    """Delete the archive of a run that was killed after it had unpacked it."""
    archive = _archive_of(folder)
    for path in (archive, part_of(archive)):
        path.unlink(missing_ok=True)


def _archive_of(folder: Path) -> Path:
    return folder.with_suffix(".download")


def _download(folder: Path, source: str | None) -> Unpacked:
    archive = _archive_of(folder)
    if source:
        _print_sha256(source, fetch(source, archive))
    else:
        fetch(CATS_DOGS_URL, archive, sha256=CATS_DOGS_SHA256, size=CATS_DOGS_BYTES)
    try:
        return unpack(archive, folder, CLASS_NAMES)
    finally:
        if source or folder.exists():  # else keep the verified file for the next try
            archive.unlink()


def _print_sha256(source: str, sha256: str) -> None:
    click.echo(f"SHA-256 of {source}: {sha256}", err=True)
