"""A library that follows its files: a new version is loaded, warmed, then swapped in.

Taught in notebooks/07_serve_two_models.ipynb.
"""

import ctypes
import gc
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.versions import Published, Status, stamp_of

Opener = Callable[[Path], FrozenModel]
log = logging.getLogger(__name__)


class Failure(NamedTuple):
    """A file that was tried and cannot be served."""

    name: str
    version: int
    error: Exception

    def __str__(self) -> str:
        return f"version {self.version} of {self.name} is not served: {self.error}"


def follow(
    library, published: Mapping[str, Published], opened: Opener = FrozenModel.load
) -> list[Failure]:
    """Makes the library serve what is published; the files that cannot be loaded.

    Such a file changes nothing but its version's status; it is tried again once it,
    or the `.json` beside it, is another.
    """
    failures = []
    for name, model in published.items():
        failures += _follow_one(library, name, model, opened)
    if library.close_unused():
        give_memory_back()
    return failures


def _follow_one(library, name: str, model: Published, opened) -> list[Failure]:
    def load(version: int) -> Failure | None:
        return _load(library, name, version, model.files[version], opened)

    failures = [load(version) for version in model.wanted]
    for version in sorted(model.files, reverse=True):
        if not library.loaded(name):  # an older one is better than none
            failures.append(load(version))
    if library.has(name, max(model.files)):
        for served in library.loaded(name):
            if served.version not in model.wanted:
                library.drop(name, served.version)
    library.set_labels(name, model.labels)
    library.forget(name, model.files)
    return [failure for failure in failures if failure]


def _load(library, name: str, version: int, path: Path, opened) -> Failure | None:
    """Puts a file that was not tried before into the library, warmed."""
    before, stamp = library.statuses(name).get(version), stamp_of(path)
    if before and before.stamp == stamp:
        return None
    is_served = library.has(name, version)
    if not is_served:
        library.note(name, version, Status("LOADING", stamp=stamp))
    try:
        library.put(name, version, opened(path), stamp)
    except (OSError, ValueError) as error:
        after = before if is_served else Status("END")
        library.note(name, version, after._replace(error=str(error), stamp=stamp))
        return Failure(name, version, error)
    log.info("serving version %s of %s from %s", version, name, path)
    return None


def give_memory_back() -> None:
    """Frees what closed graphs leave in reference cycles, and tells the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc keeps it otherwise
    if trim:
        trim(0)


class Reloader:
    """A thread that looks for new versions, and makes the library follow.

    Args:
      published: what lies in the files now.
      every: seconds between two looks.
    """

    def __init__(
        self,
        library,
        published: Callable[[], Mapping[str, Published]],
        *,
        every: float,
        opened: Opener = FrozenModel.load,
    ) -> None:
        self._library, self._published = library, published
        self._every, self._opened = every, opened
        self._ended, self._complaint = Event(), ""
        self._thread = Thread(target=self._run, name="reloader", daemon=True)

    def look(self) -> None:
        """Once: what is new is served, or the log says why it is not."""
        try:
            published, self._complaint = self._published(), ""
        except (OSError, ValueError) as error:
            if str(error) != self._complaint:  # said once
                log.error("nothing is reloaded: %s", error)
            self._complaint = str(error)
            published = {}
        for failure in follow(self._library, published, self._opened):
            log.error("%s", failure)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Looks no more; a version that is being loaded is awaited."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self.look()
