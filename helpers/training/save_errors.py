"""SaveError: a training could not write to its folder, in one sentence."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

# Causes that more room does not change.
ELSEWHERE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


class SaveError(ValueError):
    """A training could not write to its folder; what was saved before is whole."""


@contextmanager
def save_errors(folder: Path) -> Iterator[None]:
    """Turn what the system and TensorFlow raise when a file is written to SaveError."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        code, reason = _cause(error)
        advice = "make room there"
        if code in ELSEWHERE:
            advice = "make it writable or choose another folder with --out"
        elif code in (errno.EMFILE, errno.ENFILE):
            advice = "allow more open files (ulimit -n)"
        raise SaveError(
            f"{folder} cannot be written to ({reason}): {advice}, and run the same "
            "command again: it resumes at the last checkpoint that is there"
        ) from error


def _cause(error: OSError | tf.errors.OpError) -> tuple[int | None, str]:
    """The system's error number and its text; TensorFlow has the text only.

    Its messages have a line `PATH; TEXT` among others that name the op.
    """
    if isinstance(error, OSError):
        return error.errno, error.strerror or str(error)
    for code in errno.errorcode:
        if f"; {(text := os.strerror(code))}" in error.message:
            return code, text
    return None, " ".join(error.message.split())
