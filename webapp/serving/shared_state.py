"""State shared by the worker processes: in-flight counts, connections, loaded versions.

It is kept in memory-mapped files, so it outlives each worker.
"""

import hashlib
import mmap
import time
from array import array
from collections import deque
from collections.abc import Callable
from pathlib import Path

from helpers.serving.versions import stamp_of
from webapp.serving.state_folder import hold

IN_FLIGHT, CONNECTIONS = "in-flight", "connections"
ABSENT = 2**31  # in place of the connections of a worker that does not serve
SPREAD = 1  # connections that a worker may have more than another
PATIENCE = 60  # seconds for the other workers to load what is loaded here
KEPT_MARKS = 8  # of loaded files; the workers load in step: the last one is looked at


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
        self._in_use, self._loaded = hold(folder), deque[str]()
        self.in_flight, self._connections = map(self._counts, (IN_FLIGHT, CONNECTIONS))

    @property
    def folder(self) -> Path:
        """The folder of the state, which all workers share."""
        return self._folder

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
        most PATIENCE seconds for a worker that cannot load the file, and not at all
        before this worker serves.
        """

        def load_synchronized(path: Path):
            key = f"{path}{stamp_of(path)}".encode()
            model = load(path)
            loaded = f"loaded-{hashlib.sha256(key).hexdigest()[:16]}"
            self._mark_loaded(loaded)
            end = time.monotonic() + PATIENCE
            while self._waits_for(loaded) and time.monotonic() < end:
                time.sleep(0.02)
            return model

        return load_synchronized

    def _mark_loaded(self, loaded: str) -> None:
        """Mark that this worker has loaded a file; earlier marks are removed."""
        self._mark(loaded)
        self._loaded.append(loaded)
        if len(self._loaded) > KEPT_MARKS:
            oldest = self._loaded.popleft()
            if oldest not in self._loaded:
                (self._folder / f"{oldest}.{self.number}").unlink(missing_ok=True)

    def _waits_for(self, loaded: str) -> bool:
        """Whether this worker serves, and another one that does has not loaded it."""
        serving = self._marked("serving")
        return f".{self.number}" in serving and not serving <= self._marked(loaded)

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
