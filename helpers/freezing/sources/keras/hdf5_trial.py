"""Reads a Keras file in a process of its own first: HDF5 may hang or end the process.

HDF5 follows lengths and addresses that a damaged or a hostile file states, and cannot
be interrupted while it does.
"""

import io
import resource
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py

from helpers.foreign.limits import set_soft_limit
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.keras.hdf5_storage import MOST_TIMES, SMALL

WEIGHTS = "model.weights.h5"  # in a zip
SECONDS = 3  # of CPU time, beside those of its bytes
BYTES_PER_SECOND = 20_000_000  # at least
PROGRAM = """
import sys
sys.path[:] = {path!r}
from helpers.freezing.sources.keras.hdf5_trial import read_all
read_all(sys.argv[1])
"""


def try_to_read(path: Path) -> None:
    """Read all of the file in another process.

    Errors that HDF5 reports are left to whoever reads the file next.

    Raises:
      FreezeError: that process hangs, is ended by the file, or cannot be started.
    """
    command = [sys.executable, "-c", PROGRAM.format(path=sys.path), str(path)]
    try:
        run = subprocess.run(  # noqa: S603  runs a module of its own
            command, capture_output=True
        )
    except OSError as error:
        raise FreezeError(
            f"no process can be started to read {path}: {error.strerror}",
            "end other programs, and try again",
        ) from error
    if run.returncode < 0:
        raise FreezeError(
            f"{path} is damaged: reading it hangs, or ends the process",
            "copy or download it again, and compare its size with the original's",
        )


def read_all(name: str) -> None:
    """Read all attributes and arrays, within a limit of CPU time.

    Arrays that check_storage refuses are left out.
    """
    path = Path(name)
    size = path.stat().st_size
    set_soft_limit(resource.RLIMIT_CPU, SECONDS + size // BYTES_PER_SECOND)
    set_soft_limit(resource.RLIMIT_CORE, 0)
    most = max(SMALL, MOST_TIMES * size)
    if not zipfile.is_zipfile(path):
        _read(path, most)
        return
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(WEIGHTS).file_size <= most:
            _read(io.BytesIO(archive.read(WEIGHTS)), most)


def _read(source: Path | io.BytesIO, most: int) -> None:
    with h5py.File(source, "r") as file:

        def read(_: str, item: h5py.Group | h5py.Dataset) -> None:
            with suppress(Exception):  # the next item may hang
                for attribute in item.attrs:
                    item.attrs[attribute]
            if isinstance(item, h5py.Dataset):
                is_here = not (item.external or item.is_virtual)
                with suppress(Exception):
                    if is_here and item.nbytes <= most:
                        item[()]

        read("", file)
        file.visititems(read)
