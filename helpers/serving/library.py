"""Library: several models in one process, looked up by name, version or label.

Taught in notebooks/07_serve_two_models.ipynb.
"""

import logging
import weakref
from collections import deque
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.model_names import SHOWN, closest
from helpers.serving.reloading import Loader, follow
from helpers.serving.statuses import Statuses
from helpers.serving.versions import (
    Published,
    Stamp,
    Status,
    published_as,
    published_in,
    skipped_lines,
)

log = logging.getLogger(__name__)


class Served(NamedTuple):
    """A model with the name and version it is served under."""

    name: str
    version: int
    model: FrozenModel


class UnknownModel(LookupError):
    """No model has that name, or it is not loaded in that version."""


class Library:
    """Loaded models by name; the first one is the default.

    A caller may use a model for as long as it holds a reference to it: a version that
    was replaced is closed after the last reference is gone.
    """

    def __init__(self, models: Mapping[str, Mapping[int, FrozenModel]]):
        # Never changed in place, for requests read it; each model has a version.
        self._served: dict[str, dict[int, Served]] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._statuses = Statuses()
        self._unused: deque[tuple] = deque()  # closed at the next `close_unused`
        self._replaced = weakref.WeakSet[FrozenModel]()  # since `has_replaced`
        self.updating = RLock()  # held while versions are loaded and dropped
        self.skipped: Mapping[str, str] = {}  # why files and folders are no models
        for name, versions in models.items():
            for version, model in versions.items():
                self.put(name, version, model)

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> "Library":
        """One model per `.pb` file; a file named `3.pb` is version 3, others are 1."""
        return cls.load_published(published_as(files))

    @classmethod
    def load_folder(cls, folder: Path) -> "Library":
        """The newest and the labelled versions of each NAME/VERSION.pb in a folder."""
        return cls.load_published(published_in(folder))

    @classmethod
    def load_published(
        cls, published: Mapping[str, Published], load_model: Loader = FrozenModel.load
    ) -> "Library":
        """The published versions; an older one if the newest cannot be loaded.

        Args:
          load_model: loads one file; FrozenModel.load with other settings.
        Raises:
          OSError, ValueError: no version of a model can be loaded.
        """
        library = cls({})
        for failure in follow(library, published, load_model):
            if failure.name not in library.names:
                library.close()
                raise failure.error
            log.error("%s", failure)
        for line in skipped_lines(library.skipped):
            log.warning("%s", line)
        return library

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models that are loaded, the default one first."""
        return tuple(self._served)

    def model(
        self,
        name: str | None = None,
        version: int | None = None,
        label: str | None = None,
    ) -> Served:
        """The model of that name, by default the first, in one of its versions.

        Args:
          version: by default the newest that is loaded.
          label: selects the version that has this label.
        Raises:
          UnknownModel: no such model, version or label.
        """
        served = self._served
        if not served:
            raise UnknownModel("no model is loaded: try again later")
        if name is None:
            name = next(iter(served))
        if name not in served:
            raise UnknownModel(f"there is no model {closest(name, served)}")
        versions = served[name]
        if label is not None:
            labels = self.labels(name)
            if label not in labels:
                known = ", ".join(map(repr, labels)) or "none"
                raise UnknownModel(
                    f"{name!r} has no version labelled {label[:SHOWN]!r}: {known}"
                )
            version = labels[label]
        if version is None:
            version = max(versions)
        if version not in versions:
            loaded = ", ".join(map(str, sorted(versions)))
            raise UnknownModel(
                f"version {version} of {name!r} is not loaded: {loaded} is"
            )
        return versions[version]

    def newest(self) -> tuple[Served, ...]:
        """Each model in the version that answers by default, the default one first."""
        return tuple(found[max(found)] for found in self._served.values())

    def loaded(self, name: str) -> tuple[Served, ...]:
        """Every loaded version of a model, newest first."""
        versions = self._served.get(name, {})
        return tuple(versions[number] for number in sorted(versions, reverse=True))

    def has(self, name: str, version: int) -> bool:
        """Whether this version is loaded."""
        return version in self._served.get(name, {})

    def labels(self, name: str) -> dict[str, int]:
        """The version that each label of a model refers to."""
        return self._labels.get(name, {})

    def statuses(self, name: str) -> dict[int, Status]:
        """The status of each version of a model, newest first."""
        return self._statuses.of(name)

    def failures(self) -> list[tuple[str, int, str]]:
        """Name, version and error of every file that could not be loaded."""
        return self._statuses.failures()

    def put(
        self, name: str, version: int, model: FrozenModel, stamp: Stamp | None = None
    ) -> None:
        """Serve this version; replaces a model of the same name and version."""
        ops = len(model.graph.get_operations())
        self.set_status(name, version, Status("AVAILABLE", "", stamp, ops))
        versions = self._served.get(name, {})
        if version in versions:
            self._close_when_unused(versions[version])
        versions = {**versions, version: Served(name, version, model)}
        self._served = {**self._served, name: versions}

    def drop(self, name: str, version: int) -> None:
        """Stop serving this version; requests that hold a reference can finish."""
        versions = dict(self._served[name])
        served = versions.pop(version)
        if not versions:
            self.unload(name)
            return
        self._served = {**self._served, name: versions}
        self.set_status(name, version, Status("UNLOADING"))
        self._close_when_unused(served)

    def unload(self, name: str) -> None:
        """Stop serving a model; requests that hold a reference to it can finish."""
        served = self._served.get(name, {})
        self._served = {n: vs for n, vs in self._served.items() if n != name}
        self._labels.pop(name, None)
        for version, one in served.items():
            self.set_status(name, version, Status("UNLOADING"))
            self._close_when_unused(one)

    def sort(self, names: Iterable[str]) -> None:
        """Put the models in the order of these names; the first is the default."""
        served = self._served
        order = dict.fromkeys([*names, *served])
        self._served = {name: served[name] for name in order if name in served}

    def set_status(self, name: str, version: int, status: Status) -> None:
        """State what a version is doing, or that it could not be loaded."""
        self._statuses.put(name, version, status)

    @property
    def known(self) -> tuple[str, ...]:
        """Every name that has a status, of models that are not loaded, too."""
        return self._statuses.names

    def forget_others(self, name: str, versions: Container[int]) -> None:
        """Remove the statuses of other versions, unless they are still in memory."""
        self._statuses.forget_others(name, versions)

    def set_labels(self, name: str, labels: Mapping[str, int]) -> None:
        self._labels[name] = dict(labels)

    def has_replaced(self) -> bool:
        """Whether models replaced since the last call are still referenced."""
        found = bool(self._replaced)
        self._replaced.clear()
        return found

    def close_unused(self) -> bool:
        """Close replaced models without references; whether there were any."""
        closed = False
        while self._unused:
            name, version, session = self._unused.popleft()
            session.close()
            closed = True
            if not self.has(name, version):
                self.set_status(name, version, Status("END"))
        return closed

    def close(self) -> None:
        for versions in self._served.values():
            for served in versions.values():
                served.model.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _close_when_unused(self, served: Served) -> None:
        """Queue the session for `close_unused` when the model is garbage-collected."""
        self._replaced.add(served.model)
        ending = (served.name, served.version, served.model.session)
        weakref.finalize(served.model, self._unused.append, ending).atexit = False
