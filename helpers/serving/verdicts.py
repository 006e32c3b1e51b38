"""Verdicts on model files, which several processes share through files in a folder."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from helpers.foreign.files import read_bounded
from helpers.locks import take
from helpers.serving.versions import Stamp

NAME = "verdict-"
MOST_BYTES = 100_000
LOOK_EVERY = 0.05  # seconds, for a verdict of another process
log = logging.getLogger(__name__)


class SharedVerdict:
    """The verdict on one state of a model file: why it is refused, "" if it is not.

    Args:
      folder: of all verdicts.
      stamp: the state of the file at `path`.
    """

    def __init__(self, folder: Path, path: Path, stamp: Stamp) -> None:
        self._folder, self._path = folder, os.fspath(path)
        key = os.fsencode(path) + repr(stamp).encode()
        self._file = folder / f"{NAME}{hashlib.sha256(key).hexdigest()[:32]}"

    def read(self) -> str | None:
        """The verdict; None: there is none yet."""
        found = _content(self._file)
        return found[1] if found else None

    def write(self, refused: str) -> None:
        """Store the verdict, and remove those on files that have gone.

        Raises:
          OSError: there is no room for it.
        """
        self._file.write_bytes(json.dumps([self._path, refused]).encode())
        for file in self._folder.glob(f"{NAME}*"):
            found = _content(file)
            if found and not os.path.lexists(found[0]):
                file.unlink(missing_ok=True)

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
            while not take(file.fileno()):
                if monotonic() > end or has_ended():
                    break
                sleep(LOOK_EVERY)
            yield


def _content(file: Path) -> tuple[str, str] | None:
    """The path and the verdict in a file; None: it is missing or being written."""
    try:
        path, refused = json.loads(read_bounded(file, MOST_BYTES))
    except (OSError, ValueError, TypeError):
        return None
    return (path, refused) if isinstance(refused, str) else None
