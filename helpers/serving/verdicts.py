"""Verdicts on model files, which several processes share through files in a folder."""

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from helpers.foreign.files import read_bounded
from helpers.serving.versions import Stamp

MOST_BYTES = 100_000
LOOK_EVERY = 0.05  # seconds, for a verdict of another process
log = logging.getLogger(__name__)


class SharedVerdict:
    """The verdict on one state of a model file: why it is refused, "" if it is not.

    Args:
      folder: of all verdicts; a verdict stays as long as it does.
      stamp: the state of the file at `path`.
    """

    def __init__(self, folder: Path, path: Path, stamp: Stamp) -> None:
        key = os.fsencode(path) + repr(stamp).encode()
        self._file = folder / f"verdict-{hashlib.sha256(key).hexdigest()[:32]}"

    def read(self) -> str | None:
        """The verdict; None: there is none yet."""
        try:
            found = json.loads(read_bounded(self._file, MOST_BYTES))
        except (OSError, ValueError):  # it is not there, empty, or being written
            return None
        return found if isinstance(found, str) else None

    def write(self, refused: str) -> None:
        """Store the verdict.

        Raises:
          OSError: there is no room for it.
        """
        self._file.write_bytes(json.dumps(refused).encode())

    @contextmanager
    def alone(self, at_most: float, has_ended: Callable[[], bool]) -> Iterator[None]:
        """Keep other processes from trying the file meanwhile.

        A process that holds the lock for longer than `at_most` seconds is halted, and
        is waited for no more.

        Args:
          has_ended: whether waiting has become useless.
        """
        end = monotonic() + at_most
        with ExitStack() as closed:
            try:
                file = closed.enter_context(open(self._file, "ab"))
            except OSError as error:  # no room: others try it, too
                log.warning("the other workers try this file, too: %s", error)
                yield
                return
            while not _locks(file.fileno()):
                if monotonic() > end or has_ended():
                    break
                sleep(LOOK_EVERY)
            yield


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
