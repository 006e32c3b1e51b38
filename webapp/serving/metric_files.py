"""The files in which prometheus_client keeps each worker's metrics, with room ahead.

prometheus_client maps sparse files: where the disk is full, a write into one ends the
process. Files that exist are used as they are, so these are written to their end.
"""

import logging
import os
import struct
from contextlib import suppress
from pathlib import Path

from prometheus_client import values

ROOM = 1_000_000  # bytes: two hundred models
KINDS = ("counter", "histogram")
log = logging.getLogger(__name__)


def reserve(folder: Path) -> None:
    """Write this process's files; without room, its requests are not counted."""
    try:
        for path in _paths(folder, os.getpid()):
            made = path.with_suffix(".new")
            made.write_bytes(bytes(ROOM))
            made.replace(path)  # a scrape reads no half-written file
    except OSError as error:
        for path in _paths(folder, os.getpid()):
            path.with_suffix(".new").unlink(missing_ok=True)
        values.ValueClass = values.MutexValue
        log.warning("this worker's requests are not counted: %s", error)


def release(folder: Path, pid: int) -> None:
    """Keep only what is used of the files of a process that has ended."""
    for path in _paths(folder, pid):
        with suppress(FileNotFoundError):
            used = _used(path)
            if used:
                os.truncate(path, used)
            else:
                path.unlink()


def _used(path: Path) -> int:
    """The bytes in use, which the file itself begins with."""
    with open(path, "rb") as file:
        head = file.read(4)
    return struct.unpack("i", head)[0] if len(head) == 4 else 0


def _paths(folder: Path, pid: int) -> list[Path]:
    return [folder / f"{kind}_{pid}.db" for kind in KINDS]
