"""State shared by the worker processes: in-flight counts, connections, loaded versions.

It is kept in memory-mapped files, so it outlives each worker.
"""

import hashlib
import mmap
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from helpers.serving.versions import stamp_of

IN_FLIGHT, CONNECTIONS = "in-flight", "connections"
ABSENT = 2**31  # in place of the connections of a worker that does not serve
SPREAD = 1  # connections that a worker may have more than another
PATIENCE = 60  # seconds for the other workers to load what is loaded here


def create_state(folder: Path, count: int) -> None:
    """Create the empty state of `count` workers in a folder."""
    for what, number in ((IN_FLIGHT, 0), (CONNECTIONS, ABSENT)):
        (folder / what).write_bytes(array("I", [number] * count).tobytes())


class WorkerState:
    """The shared state, read and written by one worker.

    Args:
      number: the worker's number, from 0; a replacement takes the same number.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.number, self._folder = number, folder
        self.in_flight, self._connections = map(self._counts, (IN_FLIGHT, CONNECTIONS))

    def _counts(self, what: str) -> memoryview:
        """One count for each worker, in shared memory."""
        with open(self._folder / what, "r+b") as file:
            return memoryview(mmap.mmap(file.fileno(), 0)).cast("I")

    def is_next(self, connections: int) -> bool:
        """Whether this worker may accept a connection: no other has fewer by SPREAD."""
        self._connections[self.number] = connections
        return connections <= min(self._connections) + SPREAD

    def synchronized(self, load: Callable) -> Callable:
        """A `load` that returns when every serving worker has loaded the same file.

        So all swap to a new version within some hundredths of a second. It waits at
        most PATIENCE seconds for a worker that cannot load the file.
        """

        def load_synchronized(path: Path):
            key = f"{path}{stamp_of(path)}".encode()
            model = load(path)
            loaded = f"loaded-{hashlib.sha256(key).hexdigest()[:16]}"
            self._mark(loaded)
            end = time.monotonic() + PATIENCE
            while not self._marked("serving") <= self._marked(loaded):
                if time.monotonic() > end:
                    break
                time.sleep(0.02)
            return model

        return load_synchronized

    def join(self) -> None:
        """Mark this worker as serving."""
        self._connections[self.number] = 0
        self._mark("serving")

    def leave(self) -> None:
        """Clear the counts and marks of a worker that has ended."""
        self.in_flight[self.number] = 0
        self._connections[self.number] = ABSENT
        for mark in self._folder.glob(f"*.{self.number}"):
            mark.unlink()

    def _mark(self, what: str) -> None:
        (self._folder / f"{what}.{self.number}").touch()

    def _marked(self, what: str) -> set[str]:
        """The workers that have this mark, as file suffixes."""
        return {mark.suffix for mark in self._folder.glob(f"{what}.*")}
