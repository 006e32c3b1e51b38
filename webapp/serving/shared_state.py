"""What the workers know of each other: who counts how many photos, who has loaded what.

It lies in a folder that only they use, so it outlives each of them and none has to ask.
"""

import hashlib
import mmap
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from helpers.serving.versions import stamp_of

INSIDE, CONNECTIONS = "inside", "connections"
AWAY = 2**31  # connections of one that does not serve: nobody is to wait for it
SPREAD = 1  # connections more than a fellow has
PATIENCE = 60  # seconds for a fellow to load what is loaded here


def lay(folder: Path, count: int) -> None:
    """An empty table with so many seats."""
    for what, number in ((INSIDE, 0), (CONNECTIONS, AWAY)):
        (folder / what).write_bytes(array("I", [number] * count).tobytes())


class WorkerState:
    """One worker's place among its fellows.

    Args:
      number: from 0; one that replaces another takes its number.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.number, self._folder = number, folder
        self.inside, self._connections = map(self._counts, (INSIDE, CONNECTIONS))

    def _counts(self, what: str) -> memoryview:
        """A number for each worker, in memory that all of them share."""
        with open(self._folder / what, "r+b") as file:
            return memoryview(mmap.mmap(file.fileno(), 0)).cast("I")

    def is_next(self, connections: int) -> bool:
        """Whether one with so many may accept another: no fellow has clearly fewer."""
        self._connections[self.number] = connections
        return connections <= min(self._connections) + SPREAD

    def together(self, opened: Callable) -> Callable:
        """`opened`, which returns when every fellow that serves has that file open.

        So all of them swap to a new version within some hundredths of a second; one
        that cannot load it is not waited for longer than PATIENCE.
        """

        def open_together(path: Path):
            told = f"{path}{stamp_of(path)}".encode()
            model = opened(path)
            loaded = f"loaded-{hashlib.sha256(told).hexdigest()[:16]}"
            self._mark(loaded)
            end = time.monotonic() + PATIENCE
            while not self._marked("serving") <= self._marked(loaded):
                if time.monotonic() > end:
                    break
                time.sleep(0.02)
            return model

        return open_together

    def take(self) -> None:
        """This worker serves from now on."""
        self._connections[self.number] = 0
        self._mark("serving")

    def leave(self) -> None:
        """Forget what the one before counted and marked."""
        self.inside[self.number] = 0
        self._connections[self.number] = AWAY
        for mark in self._folder.glob(f"*.{self.number}"):
            mark.unlink()

    def _mark(self, what: str) -> None:
        (self._folder / f"{what}.{self.number}").touch()

    def _marked(self, what: str) -> set[str]:
        """The seats of those that have this mark."""
        return {mark.suffix for mark in self._folder.glob(f"{what}.*")}
