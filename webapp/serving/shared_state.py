"""State shared by the worker processes: a slot for each, in a memory-mapped file.

The file outlives each worker. Its bytes are written when it is made, so that a disk
that fills up later does not end the processes that use it.
"""

import ctypes
import hashlib
import mmap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers.serving.versions import stamp_of
from webapp.serving.state_folder import hold

FILE = "workers"
SPREAD = 1  # connections that a worker may have more than another
ALIVE = 2  # seconds since the last heartbeat of a worker that others wait for
PATIENCE = 60  # seconds for the other workers to load what is loaded here
KEPT_LOADS = 8  # of loaded files; the workers load in step: the last one is looked at


class Slot(ctypes.Structure):
    """What one worker tells the others and the supervisor."""

    _fields_ = (
        ("in_flight", ctypes.c_uint32),  # photos
        ("connections", ctypes.c_uint32),
        ("serves", ctypes.c_bool),
        ("wants_replacement", ctypes.c_bool),
        ("heartbeat", ctypes.c_double),  # by time.monotonic, the same in all processes
        ("loads", ctypes.c_uint64),  # how many files were loaded
        ("loaded", ctypes.c_uint64 * KEPT_LOADS),  # hashes of the last ones
    )


def create_state(folder: Path, count: int) -> None:
    """Create `count` empty slots in a folder."""
    (folder / FILE).write_bytes(bytes(count * ctypes.sizeof(Slot)))


def open_slots(folder: Path) -> list[Slot]:
    """The slots in a folder, in shared memory."""
    with open(folder / FILE, "r+b") as file:
        shared = mmap.mmap(file.fileno(), 0)
    # Each is made once: indexing a ctypes array makes an object each time.
    return [*(Slot * (len(shared) // ctypes.sizeof(Slot))).from_buffer(shared)]


class WorkerState:
    """The shared state, read and written by one worker.

    Args:
      folder: of the state; all workers share it.
      number: the worker's slot, from 0; free when the worker before it has ended.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.number, self.folder = number, folder
        self._in_use = hold(folder)
        self.slots = open_slots(folder)
        self._own = self.slots[number]

    def beat(self) -> None:
        """Record that this worker's loop is running."""
        self._own.heartbeat = time.monotonic()

    def is_next(self, connections: int) -> bool:
        """Whether no worker that is alive has fewer connections by SPREAD."""
        self._own.connections = connections
        fewest = min((slot.connections for slot in self._alive()), default=connections)
        return connections <= fewest + SPREAD

    def ask_replacement(self) -> None:
        """Ask the supervisor to start another worker in place of this one."""
        self._own.wants_replacement = True

    def synchronized(self, load: Callable) -> Callable:
        """A `load` that returns when every worker that is alive has loaded the file.

        So all swap to a new version within some hundredths of a second. It waits at
        most PATIENCE seconds for a worker that cannot load the file, and not at all
        before this worker serves.
        """

        def load_synchronized(path: Path):
            key = f"{path}{stamp_of(path)}".encode()
            model = load(path)
            loaded = int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
            self._own.loaded[self._own.loads % KEPT_LOADS] = loaded
            self._own.loads += 1
            end = time.monotonic() + PATIENCE
            while self._waits_for(loaded) and time.monotonic() < end:
                time.sleep(0.02)
            return model

        return load_synchronized

    def _waits_for(self, loaded: int) -> bool:
        """Whether this worker serves, and another one that does has not loaded it."""
        return self._own.serves and any(
            loaded not in slot.loaded[:] for slot in self._alive()
        )

    def _alive(self) -> Iterator[Slot]:
        """The slots of the workers that serve and are not halted."""
        now = time.monotonic()
        for slot in self.slots:
            if slot.serves and now - slot.heartbeat < ALIVE:
                yield slot

    def join(self) -> None:
        """State that this worker serves."""
        self.beat()
        self._own.serves = True


def clear(slot: Slot) -> None:
    """Empty the slot of a worker that has ended."""
    ctypes.memset(ctypes.addressof(slot), 0, ctypes.sizeof(Slot))
