"""Writes log lines to standard output, and never waits or fails for whoever reads it.

A program that does not read its end of a pipe would stop the loop of the server, and
one that has closed it would cause a traceback on standard error for each line.
"""

import array
import fcntl
import logging
import os
import select
import stat
import sys
import termios
from typing import TextIO

F_GETPIPE_SZ = 1032  # Linux's fcntl.h; Python has it where the system does
PIPE_BYTES = 16_384  # where the size of a pipe cannot be asked for: macOS's smallest
PAGE = 4096  # a pipe is filled by pages, which may stay half empty


class LogOutput(logging.StreamHandler):
    """A handler that drops the lines for which a pipe has no room, and counts them."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._pipe = _pipe_of(stream)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, after a line about those that were dropped before it."""
        try:
            lines = self.format(record) + self.terminator
            if self._dropped:
                lines = self.format(_about(self._dropped)) + self.terminator + lines
            if self._pipe is None or _has_room(self._pipe, lines):
                self.stream.write(lines)
                self.flush()
                self._dropped = 0
            else:
                self._dropped += 1
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's
        """Drop a line that cannot be written, like one to a full disk.

        Where nobody can read the pipe any more, nothing is written from now on.
        """
        error = sys.exc_info()[1]
        if isinstance(error, BrokenPipeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # what is buffered goes there, too
            os.close(nowhere)
            self._pipe = None
        elif isinstance(error, OSError):
            self._dropped += 1
        else:
            super().handleError(record)


def _pipe_of(stream: TextIO) -> int | None:
    """The file descriptor of a pipe; None if the stream is something else."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # in memory
        return None
    return descriptor if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else None


def _has_room(pipe: int, lines: str) -> bool:
    """Whether a pipe takes the lines at once."""
    size = len(lines.encode(errors="backslashreplace"))
    if size <= select.PIPE_BUF:
        room = select.poll()
        room.register(pipe, select.POLLOUT)
        return bool(room.poll(0))  # also if nobody can read it any more
    unread = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, unread)
    return 2 * unread[0] + size + PAGE <= _bytes_of(pipe)


def _bytes_of(pipe: int) -> int:
    """How many bytes a pipe holds."""
    try:
        return fcntl.fcntl(pipe, F_GETPIPE_SZ)
    except OSError:
        return PIPE_BYTES


def _about(dropped: int) -> logging.LogRecord:
    """A record in place of those that were dropped."""
    text = f"{dropped} log lines were dropped: nobody read them, or there was no room"
    return logging.makeLogRecord(
        {"msg": text, "levelno": logging.WARNING, "levelname": "WARNING"}
    )
