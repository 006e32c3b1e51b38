"""Lists a folder of photos with all folders below it, and whatever is left out."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_WEB = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp")
SUFFIXES = (*_WEB, ".heic", ".heif", ".hif", ".tif", ".tiff")
DEEPEST = 40  # levels of folders below the first
NAMES_SHOWN = 3
GROUPS_SHOWN = 20


class LeftOut(NamedTuple):
    """A file or folder that is not used."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{printable(str(self.path))}: {self.reason}"


class Folder(NamedTuple):
    """A folder, its photos, and the folders in it; sorted by name."""

    path: Path
    photos: list[Path]
    folders: list["Folder"]
    left_out: list[LeftOut]  # directly in this folder

    def all_photos(self) -> Iterator[Path]:
        """The photos in this folder and below it."""
        yield from self.photos
        for folder in self.folders:
            yield from folder.all_photos()

    def has_photos(self) -> bool:
        return next(self.all_photos(), None) is not None

    def with_photos(self) -> list["Folder"]:
        """The folders directly in this one that have photos in or below them."""
        return [folder for folder in self.folders if folder.has_photos()]

    def all_left_out(self) -> Iterator[LeftOut]:
        """What is left out of this folder and of those below it."""
        yield from self.left_out
        for folder in self.folders:
            yield from folder.all_left_out()


def list_folder(root: Path) -> Folder:
    """The folder with everything below it.

    A folder that cannot be read, or that a link has already led to, is left out; so
    links in a loop end.

    Raises:
      OSError: the folder itself cannot be read.
    """
    status = root.stat()
    return _list(root, {(status.st_dev, status.st_ino): root}, DEEPEST)


def _list(path: Path, found: dict[tuple[int, int], Path], levels: int) -> Folder:
    folder = Folder(path, [], [], [])
    with os.scandir(path) as entries:
        links = {entry.name: entry.is_symlink() for entry in entries}
    # Folders before links to them, so that a folder goes by its own name.
    for name in sorted(links, key=lambda name: (links[name], name)):
        _add(folder, path / name, found, levels)
    folder.photos.sort()
    folder.folders.sort()
    folder.left_out.sort()
    return folder


def _add(
    folder: Folder, path: Path, found: dict[tuple[int, int], Path], levels: int
) -> None:
    """Add the path to the folder: to its photos, its folders, or what is left out."""
    try:
        status = path.stat()
        reason = _reason_to_leave_out(path, status.st_mode)
        if stat.S_ISDIR(status.st_mode) and not reason:
            key = status.st_dev, status.st_ino
            if key not in found and levels:
                found[key] = path
                folder.folders.append(_list(path, found, levels - 1))
                return
            reason = f"more than {DEEPEST} folders deep"
            if key in found:
                reason = f"it is the folder {printable(str(found[key]))} again"
    except OSError as error:
        broken = path.is_symlink() and not os.path.lexists(os.path.realpath(path))
        reason = "a broken link" if broken else (error.strerror or str(error)).lower()
    if reason:
        folder.left_out.append(LeftOut(path, reason))
    else:
        folder.photos.append(path)


def _reason_to_leave_out(path: Path, mode: int) -> str | None:
    is_folder = stat.S_ISDIR(mode)
    if path.name.startswith("."):
        return "a hidden folder" if is_folder else "a hidden file"
    if is_folder:
        return None
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if path.suffix.lower() not in SUFFIXES:
        kind = printable(path.suffix.lower()) or "without a suffix"
        return f"not named like a photo ({kind})"
    return None


def describe_left_out(left_out: Iterable[LeftOut], root: Path) -> list[str]:
    """A line for each folder and reason, with the number of files and some names."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for path, reason in left_out:
        groups.setdefault((path.parent, reason), []).append(path.name)
    lines = []
    for (folder, reason), names in sorted(groups.items()):
        shown = ", ".join(map(printable, names[:NAMES_SHOWN]))
        more = ", …" if len(names) > NAMES_SHOWN else ""
        where = printable(os.path.relpath(folder, root.parent))
        lines.append(f"{len(names):,} in {where}: {reason}: {shown}{more}")
    if len(lines) > GROUPS_SHOWN:
        lines[GROUPS_SHOWN:] = [f"and {len(lines) - GROUPS_SHOWN:,} groups more"]
    return lines


def printable(text: str) -> str:
    """The text, escaped if it could control the terminal."""
    return text if text.isprintable() else ascii(text)
