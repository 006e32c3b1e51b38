"""Deletes the partial output files if the freezing process is killed.

A TensorFlow kernel may abort the process, and the operating system may kill it when
memory runs out: Python runs no `except` clause then.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = """
import os, sys
if not sys.stdin.buffer.read():  # the pipe was closed without a message
    for path in sys.argv[1:]:
        if os.path.exists(path):
            os.unlink(path)
    sys.stderr.write(
        "freeze: the process was ended from outside or by an op of the graph; nothing "
        "was written\\ntry outputs that come before that op, or more memory\\n"
    )
"""


@contextmanager
def cleanup_process(*paths: Path | None) -> Iterator[None]:
    """Run a process that deletes the files, with a message, if this one is killed."""
    files = [str(path) for path in paths if path]
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, *files]
    waiting = subprocess.Popen(  # noqa: S603  runs this module
        command, stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        waiting.communicate(b"done")
