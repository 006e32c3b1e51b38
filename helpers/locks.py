"""Advisory locks of files and folders; the kernel releases them when a process ends."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Some network file systems have no locks, or none of folders: nothing is excluded then.
NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the exclusive lock of an existing file or folder; yield False if it is held.

    Nothing is written, and a process that is killed leaves no lock behind. Two threads
    of a process exclude each other, too.

    Raises:
      OSError: the file or folder cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        yield take(handle)
    finally:
        os.close(handle)


def take(handle: int) -> bool:
    """Take the exclusive lock of an open file; False if it is held."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True
