"""The files in which prometheus_client keeps each worker's metrics, with room ahead.

prometheus_client maps sparse files: where the disk is full, a write into one ends the
process. Files that exist are used as they are, so these are written to their end.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

ROOM = 1_000_000  # bytes: two hundred models
KINDS = ("counter", "histogram")
ENDED = 0  # in place of a process id: the files with the sums of processes that ended
log = logging.getLogger(__name__)


def create(folder: Path, pid: int = ENDED) -> None:
    """Write the files of a process to their end.

    Raises:
      OSError: there is no room.
    """
    for path in _paths(folder, pid):
        made = path.with_suffix(".new")
        try:
            made.write_bytes(bytes(ROOM))
        except OSError:
            made.unlink(missing_ok=True)
            raise
        made.replace(path)  # a scrape reads no half-written file


def reserve(folder: Path) -> None:
    """Write this process's files; without room, its requests are not counted."""
    try:
        create(folder, os.getpid())
    except OSError as error:
        values.ValueClass = values.MutexValue
        log.warning("this worker's requests are not counted: %s", error)


def add_to_ended(folder: Path, pid: int) -> None:
    """Add the files of a process that has ended to those of all such processes."""
    for path, total in zip(_paths(folder, pid), _paths(folder, ENDED), strict=True):
        with suppress(FileNotFoundError):
            found = [*MmapedDict.read_all_values_from_file(path)]
            path.unlink()
            sums = MmapedDict(total)
            for key, value, *_ in found:
                sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
            sums.close()


def _paths(folder: Path, pid: int) -> list[Path]:
    return [folder / f"{kind}_{pid}.db" for kind in KINDS]
