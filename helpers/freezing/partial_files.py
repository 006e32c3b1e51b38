"""Partial output files, `.NAME.PID.part`: each is locked while its process lives."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from helpers.locks import locked


@contextmanager
def partial_file(place: Path) -> Iterator[Path]:
    """Make an empty file beside `place` and lock it; it is deleted at the end.

    Those that killed processes left there are deleted first: nobody holds their locks.

    Raises:
      OSError: the file cannot be made, or another thread is writing it.
    """
    _delete_abandoned(place)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    while True:
        part.touch()
        with locked(part) as free:
            if not free:
                raise OSError("another process or thread is writing it")
            # Another process may have taken it for abandoned before it was locked.
            if not part.exists():
                continue
            try:
                yield part
            finally:
                part.unlink(missing_ok=True)
            return


def _delete_abandoned(place: Path) -> None:
    name = re.compile(re.escape(f".{place.name}.") + r"\d+\.part")
    with suppress(PermissionError):  # a folder may be written to and not listed
        for path in list(place.parent.iterdir()):
            if name.fullmatch(path.name) and path.is_file():
                _delete_if_free(path)


def _delete_if_free(path: Path) -> None:
    with suppress(FileNotFoundError), locked(path) as free:  # if it is just renamed
        if free:
            path.unlink(missing_ok=True)
