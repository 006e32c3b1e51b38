"""Reloads a library: new versions are loaded and warmed up, then replace the old ones.

Taught in notebooks/07_serve_two_models.ipynb.
"""

import gc
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

from helpers.foreign.texts import printable
from helpers.serving.allocator import return_free_memory
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.trials import NotTried
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
        why = printable(str(self.error))
        return f"version {self.version} of {self.name} is not served: {why}"


def follow(
    library, published: Mapping[str, Published], load_model: Loader = FrozenModel.load
) -> list[Failure]:
    """Load and drop versions so that the library serves what is published.

    A file that cannot be loaded, whatever its error, changes only the status of its
    version; it is loaded again after it, or a file beside it that describes it, has
    changed, and after an OSError each time. A model that is not published any more is
    unloaded, if what it consists of can be read.

    Args:
      load_model: may raise NotTried; then the file is loaded another time.
    Returns:
      the files that could not be loaded, unless they had the same error before.
    """
    failures = []
    if not isinstance(published, PublishedModels):
        published = PublishedModels(published, {})
    with library.updating:
        library.skipped = published.skipped
        for name in library.known:
            if name not in published and name not in published.unreadable:
                _unload(library, name)
        for name, model in published.items():
            try:
                failures += _follow_one(library, name, model, load_model)
            except Exception:  # the other models are not concerned
                log.exception("%s cannot be reloaded", name)
        library.sort(published)
        close_unused(library)
    return failures


def close_unused(library) -> None:
    """Close the sessions of replaced models that no request uses any more.

    The reference cycles of their graphs are collected, and free memory returned. An
    error of a request may be part of a cycle, too, and refer to the model.
    """
    if library.has_replaced():
        gc.collect()
    if library.close_unused():
        gc.collect()
        return_free_memory()


def _unload(library, name: str) -> None:
    if library.loaded(name):
        log.info("%s is unloaded: it is not published any more", name)
    library.unload(name)
    library.forget_others(name, ())


def _follow_one(library, name: str, model: Published, load_model) -> list[Failure]:
    def load(version: int) -> Failure | None:
        return _load(library, name, version, model.files[version], load_model)

    if model.labels is None:
        model = model._replace(labels=library.labels(name))
    failures = [load(version) for version in model.wanted]
    for version in sorted(model.files, reverse=True):
        if not library.loaded(name):  # none yet: try an older one
            failures.append(load(version))
    if library.has(name, max(model.files)):
        for served in library.loaded(name):
            if served.version not in model.wanted:
                library.drop(name, served.version)
    library.set_labels(name, model.labels or {})
    library.forget_others(name, model.files)
    return [failure for failure in failures if failure]


def _load(library, name: str, version: int, path: Path, load_model) -> Failure | None:
    """Load a file into the library, unless this state of it was loaded before."""
    before, stamp = library.statuses(name).get(version), stamp_of(path)
    if before and before.stamp == stamp:
        return None
    is_served = library.has(name, version)
    if not is_served and not (before and before.error):
        library.set_status(name, version, Status("LOADING"))
    try:
        model = load_model(path)
        library.put(name, version, model, stamp)
    except NotTried:
        return None
    except Exception as error:  # of any kind: what a foreign file causes is its own
        text = printable(_sentence(path, error))
        after = before if is_served else Status("END")
        known = None if isinstance(error, OSError) else stamp
        library.set_status(name, version, after._replace(error=text, stamp=known))
        is_new = before is None or before.error != text
        return Failure(name, version, error) if is_new else None
    log.info("serving version %s of %s from %s", version, name, path)
    for note in model.notes:
        log.info("version %s of %s: %s", version, name, note)
    return None


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, (OSError, ValueError)):
        return str(error)
    log.debug("%s", path, exc_info=error)
    text = " ".join(str(error).split()[:100])
    return f"{path} cannot be served: {type(error).__name__}: {text}"


class Reloader:
    """A thread that polls for published versions and updates the library.

    A second thread starts the first one again if it ends.

    Args:
      published: returns what is published now.
      every: seconds between two polls.
      late_after: seconds that a poll, or the loading of one file, may take.
    """

    def __init__(
        self,
        library,
        published: Callable[[], Mapping[str, Published]],
        *,
        every: float,
        load_model: Loader = FrozenModel.load,
        late_after: float = 60,
    ) -> None:
        self._library, self._published = library, published
        self._every, self._load_model = every, load_model
        self._late_after = every + late_after
        self._ended, self._last_error = Event(), ""
        self._looked = monotonic()
        self._thread = self._new_thread()
        self._supervisor = Thread(target=self._supervise, daemon=True)

    @property
    def age(self) -> float:
        """Seconds since it last looked for models, or began to load one."""
        return monotonic() - self._looked

    @property
    def problem(self) -> str | None:
        """A sentence if it has not looked for too long; None: it has."""
        age = self.age
        if age <= self._late_after:
            return None
        return (
            f"nothing was reloaded for {age:.0f} s: what is published since is "
            "not served; start the server again if this lasts"
        )

    def poll(self) -> None:
        """Serve what is published, and log what cannot be loaded and what is skipped.

        If the files cannot be listed, or their folder is gone, nothing changes.
        """
        self._looked = monotonic()
        try:
            published = self._listed()
        except Exception as unreadable:  # of any kind: the files are foreign
            if str(unreadable) != self._last_error:  # logged once
                log.error("nothing is reloaded: %s", printable(str(unreadable)))
            self._last_error = str(unreadable)
            close_unused(self._library)
            return
        self._last_error = ""
        before = skipped_lines(self._library.skipped)
        for failure in follow(self._library, published, self._load):
            log.error("%s", failure)
        for line in skipped_lines(self._library.skipped):
            if line not in before:
                log.warning("%s", line)
        self._looked = monotonic()

    def _load(self, path: Path) -> FrozenModel:
        self._looked = monotonic()
        return self._load_model(path)

    def _listed(self) -> Mapping[str, Published]:
        try:
            return self._published()
        except NoModels as none:
            if not none.is_there:
                raise
            return PublishedModels({}, none.skipped, none.unreadable)

    def start(self) -> None:
        self._thread.start()
        self._supervisor.start()

    def stop(self, at_most: float | None = None) -> None:
        """End the threads.

        Args:
          at_most: seconds to wait for a version that is being loaded; None: for ever.
        """
        self._ended.set()
        self._supervisor.join()
        self._thread.join(at_most)

    def _new_thread(self) -> Thread:
        return Thread(target=self._run, name="reloader", daemon=True)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self.poll()
            except Exception:  # the thread must live: the next poll may succeed
                log.exception("the models could not be reloaded")

    def _supervise(self) -> None:
        while not self._ended.wait(min(1, self._every)):
            if not self._thread.is_alive() and not self._ended.is_set():
                log.error("the thread that reloads the models had ended")
                self._thread = self._new_thread()
                self._thread.start()
