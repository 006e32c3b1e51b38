"""Reloads a library: new versions are loaded and warmed up, then replace the old ones.

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
from helpers.serving.model_names import printable
from helpers.serving.versions import (
    NoModels,
    Published,
    PublishedModels,
    Status,
    skipped_lines,
    stamp_of,
)

Loader = Callable[[Path], FrozenModel]
log = logging.getLogger(__name__)


class Failure(NamedTuple):
    """A version that could not be loaded, and the error."""

    name: str
    version: int
    error: Exception

    def __str__(self) -> str:
        return f"version {self.version} of {self.name} is not served: {self.error}"


def follow(
    library, published: Mapping[str, Published], load_model: Loader = FrozenModel.load
) -> list[Failure]:
    """Load and drop versions so that the library serves what is published.

    A file that cannot be loaded changes only the status of its version; it is tried
    again after it, or the `.json` beside it, has changed. A model that is not published
    any more is unloaded.

    Returns:
      the files that could not be loaded.
    """
    failures = []
    skipped = published.skipped if isinstance(published, PublishedModels) else {}
    with library.updating:
        library.skipped = skipped
        for name in library.known:
            if name not in published:
                _unload(library, name)
        for name, model in published.items():
            failures += _follow_one(library, name, model, load_model)
        library.sort(published)
        close_unused(library)
    return failures


def close_unused(library) -> None:
    """Close the sessions of replaced models that no request uses any more."""
    if library.close_unused():
        release_memory()


def _unload(library, name: str) -> None:
    if library.loaded(name):
        log.info("%s is unloaded: it is not published any more", name)
    library.unload(name)
    library.forget_others(name, ())


def _follow_one(library, name: str, model: Published, load_model) -> list[Failure]:
    def load(version: int) -> Failure | None:
        return _load(library, name, version, model.files[version], load_model)

    failures = [load(version) for version in model.wanted]
    for version in sorted(model.files, reverse=True):
        if not library.loaded(name):  # none yet: try an older one
            failures.append(load(version))
    if library.has(name, max(model.files)):
        for served in library.loaded(name):
            if served.version not in model.wanted:
                library.drop(name, served.version)
    library.set_labels(name, model.labels)
    library.forget_others(name, model.files)
    return [failure for failure in failures if failure]


def _load(library, name: str, version: int, path: Path, load_model) -> Failure | None:
    """Load a file into the library, unless this state of it was tried before."""
    before, stamp = library.statuses(name).get(version), stamp_of(path)
    if before and before.stamp == stamp:
        return None
    is_served = library.has(name, version)
    if not is_served:
        library.set_status(name, version, Status("LOADING", stamp=stamp))
    try:
        model = load_model(path)
        library.put(name, version, model, stamp)
    except (OSError, ValueError) as error:
        after = before if is_served else Status("END")
        library.set_status(
            name, version, after._replace(error=printable(str(error)), stamp=stamp)
        )
        return Failure(name, version, error)
    log.info("serving version %s of %s from %s", version, name, path)
    for note in model.notes:
        log.info("version %s of %s: %s", version, name, note)
    return None


def release_memory() -> None:
    """Collect the reference cycles of closed graphs; return free memory to the OS."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim:
        trim(0)


class Reloader:
    """A thread that polls for published versions and updates the library.

    Args:
      published: returns what is published now.
      every: seconds between two polls.
    """

    def __init__(
        self,
        library,
        published: Callable[[], Mapping[str, Published]],
        *,
        every: float,
        load_model: Loader = FrozenModel.load,
    ) -> None:
        self._library, self._published = library, published
        self._every, self._load_model = every, load_model
        self._ended, self._last_error = Event(), ""
        self._thread = Thread(target=self._run, name="reloader", daemon=True)

    def poll(self) -> None:
        """Serve what is published, and log what cannot be loaded and what is skipped.

        If the files cannot be listed, or their folder is gone, nothing changes.
        """
        try:
            published = self._listed()
        except (OSError, ValueError) as unreadable:
            if str(unreadable) != self._last_error:  # logged once
                log.error("nothing is reloaded: %s", unreadable)
            self._last_error = str(unreadable)
            close_unused(self._library)
            return
        self._last_error = ""
        before = skipped_lines(self._library.skipped)
        for failure in follow(self._library, published, self._load_model):
            log.error("%s", printable(str(failure)))
        for line in skipped_lines(self._library.skipped):
            if line not in before:
                log.warning("%s", line)

    def _listed(self) -> Mapping[str, Published]:
        try:
            return self._published()
        except NoModels as none:
            if not none.is_there:
                raise
            return PublishedModels({}, none.skipped)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for a version that is being loaded."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self.poll()
            except Exception:  # the thread must live: the next poll may succeed
                log.exception("the models could not be reloaded")
