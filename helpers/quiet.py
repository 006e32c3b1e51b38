"""Imports TensorFlow without its start-up messages."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


def import_tensorflow() -> None:
    """Import TensorFlow; what its C++ code prints is shown only if the import fails.

    The oneDNN message is printed at any log level. Standard error is redirected to a
    file in memory meanwhile, at the level of file descriptors. No folder is written to.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with file_in_memory() as output, _no_folder_needed():
        os.dup2(output.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            output.seek(0)
            os.write(terminal, output.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def file_in_memory() -> IO[bytes]:
    """A file without a name: in memory on Linux, else in the temporary folder."""
    if hasattr(os, "memfd_create"):  # Linux
        return open(os.memfd_create("output"), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def _no_folder_needed() -> Iterator[None]:
    """Let TensorFlow be imported even where no temporary folder can be written to.

    absl.testing asks for the folder's name and writes nothing. Keras imports Matplotlib
    if it is installed, which needs a folder, and does without it.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = os.sep
        missing: dict = {} if "matplotlib" in sys.modules else {"matplotlib": None}
        sys.modules.update(missing)
        try:
            yield
        finally:
            tempfile.tempdir = None
            for name in missing:
                del sys.modules[name]
    else:
        yield
