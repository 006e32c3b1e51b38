"""Reads small files from outside: regular files of at most so many bytes."""

import errno
import os
import stat
from pathlib import Path

from helpers.foreign.texts import printable, text_problem

KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
ENCODINGS = {  # first bytes -> the encoding that writes them
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_bounded(path: Path | str, most: int) -> bytes:
    """The bytes of a regular file.

    A file that never ends, such as a pipe or a device, is refused before it is read.

    Args:
      most: bytes.
    Raises:
      OSError: it cannot be opened or read, or is a folder.
      ValueError: it is no regular file, or has more bytes.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe is opened at once
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        refuse_kind(path, status.st_mode)
        with open(descriptor, "rb", closefd=False) as file:
            if status.st_size <= most and len(data := file.read(most + 1)) <= most:
                return data
    finally:
        os.close(descriptor)
    size = f"{status.st_size:,}" if status.st_size > most else "more"
    raise ValueError(
        f"{printable(str(path))} has {size} bytes: at most {most:,} are read"
    )


def refuse_kind(path: Path | str, mode: int) -> None:
    """Check that a file is a regular one.

    Args:
      mode: as `os.stat` has it.
    Raises:
      IsADirectoryError: it is a folder.
      ValueError: it is something else.
    """
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "of another kind")
        raise ValueError(f"{printable(str(path))} is {kind}, not a regular file")


def read_text(path: Path | str, most: int) -> str:
    """The text of a small file in UTF-8, with or without a byte order mark.

    Raises:
      OSError: it cannot be read.
      ValueError: it is no regular file, too long, in another encoding, or holds
        characters that no text has.
    """
    data, place = read_bounded(path, most), printable(str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place} {not_utf_8(data, error)}") from error
    if problem := text_problem(text):
        raise ValueError(f"{place} {problem}")
    return text


def not_utf_8(data: bytes, error: UnicodeDecodeError) -> str:
    """Why bytes are no text in UTF-8; it continues a sentence that begins with them."""
    if encoding := ENCODINGS.get(data[:2]):
        why = f"it begins as {encoding} does"
    else:
        why = f"byte {error.start} is 0x{data[error.start]:02x}"
    return f"is not text in UTF-8 ({why}): save it so"
