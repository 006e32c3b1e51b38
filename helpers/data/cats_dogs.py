"""Downloads Microsoft's 25,000 photos of cats and dogs, or unpacks another zip."""

from pathlib import Path

import click

from helpers.data.archives import ZIP_LAYOUT, Unpacked, refuse_existing, unpack
from helpers.data.downloads import DownloadError, fetch, sha256_of

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
      DownloadError: from `fetch` or `unpack`, or there is no such file.
    """
    folder = Path(data) / "cats-dogs"
    refuse_existing(folder)
    if source and "://" not in source:
        if not Path(source).is_file():
            raise DownloadError(
                f"there is no file {source}: {ZIP_LAYOUT}, or its http address"
            )
        _print_sha256(source, sha256_of(Path(source)))
        return unpack(Path(source), folder, CLASS_NAMES)
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.with_suffix(".download")
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
