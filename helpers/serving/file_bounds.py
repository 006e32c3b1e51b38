"""Checks the kind and the size of a model file before it is read."""

import os
from pathlib import Path

from helpers.foreign.files import refuse_kind
from helpers.foreign.texts import printable

MAX_BYTES = 2**31 - 1  # of a protobuf message


def check_bounds(path: Path) -> None:
    """Check that a regular file is there, no larger than a GraphDef can be.

    It is not opened: that of a pipe waits for a writer, that of a device may act.

    Raises:
      OSError: there is no such file, or it is a folder.
      ValueError: it is no regular file, or too large.
    """
    status = os.stat(path)
    refuse_kind(path, status.st_mode)
    if status.st_size > MAX_BYTES:
        raise ValueError(
            f"{printable(str(path))} has {status.st_size / 1e6:,.0f} MB, and a frozen "
            f"graph at most {MAX_BYTES / 1e6:,.0f} MB: is it another kind of file?"
        )


def problem_of(path: Path) -> str | None:
    """Why a file in a models folder cannot be a model; None: it may be one.

    The text begins with "it"; it does not name the file.
    """
    try:
        status = os.stat(path)
        refuse_kind("it", status.st_mode)
    except FileNotFoundError:
        return "it is a link to a file that is not there"
    except IsADirectoryError:
        return "it is a folder, not a regular file"
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return None
