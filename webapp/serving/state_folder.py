"""The temporary folder of what the workers share, and the removal of abandoned ones.

Each process that uses a folder holds a lock on it. A folder without one was left by a
supervisor that was killed; the next start removes it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

NAME = "freeze-serve-"
LOCK = "lock"
# Written to where there is no temporary folder, in a folder that mkdtemp makes.
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_BYTES = 16e6  # free there at least: writing to a full one kills a process
NEW = 60  # seconds that a folder may be without a lock after it is made


def create_folder() -> Path:
    """A new temporary folder.

    Raises:
      OSError: there is no folder to write to; the message says what to set.
    """
    for parent in _parents():
        with suppress(OSError):
            return _writable_folder(parent)
    raise OSError(
        "there is no folder for the files that the workers share: set TMPDIR to one "
        "that this user may write to, or start one worker with --workers 1"
    )


def _writable_folder(parent: Path) -> Path:
    """A new folder that a file was written to."""
    folder = Path(tempfile.mkdtemp(prefix=NAME, dir=parent))
    try:
        (folder / LOCK).write_bytes(b" ")
    except OSError:
        shutil.rmtree(folder)
        raise
    return folder


def hold(folder: Path) -> IO[bytes]:
    """A lock that keeps the folder from being removed until it is closed."""
    lock = open(folder / LOCK, "ab")  # noqa: SIM115  held as long as the process uses it
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def remove_abandoned() -> None:
    """Remove the folders of this user that no process uses any more."""
    for parent in _parents():
        for folder in parent.glob(f"{NAME}*"):
            with suppress(OSError):  # removed by another process meanwhile
                if _is_abandoned(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _parents() -> Iterator[Path]:
    """The folders for temporary files that can be written to."""
    with suppress(FileNotFoundError):
        yield Path(tempfile.gettempdir())
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        yield MEMORY


def _is_abandoned(folder: Path) -> bool:
    status = folder.lstat()
    if folder.is_symlink() or not folder.is_dir() or status.st_uid != os.geteuid():
        return False
    try:
        with open(folder / LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return time.time() - status.st_mtime > NEW
    return True
