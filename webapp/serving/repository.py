"""Loads and unloads models by request, in all workers.

An unloaded model is not served until it is loaded again, whatever is published. Its
name is kept in a file that the workers share, or in this process if there is only one.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helpers.serving.model_names import closest
from helpers.serving.versions import Published, PublishedModels

MARK = "unloaded-"


class Repository:
    """The published models without those that were unloaded by request.

    Args:
      source: returns what is published now.
      shared: the folder of the workers' state; None: there are no other workers.
      every: seconds between two looks of a worker at what is published; 0: never.
    """

    def __init__(
        self,
        library,
        source: Callable[[], dict[str, Published]],
        load_model: Callable,
        shared: Path | None = None,
        *,
        every: float = 0,
    ) -> None:
        self._library, self._source, self._load_model = library, source, load_model
        self._shared, self._own, self._every = shared, set[str](), every

    @property
    def unloaded(self) -> set[str]:
        """The names of the models that were unloaded."""
        if self._shared is None:
            return {*self._own}
        names = set()
        for mark in self._shared.glob(f"{MARK}*"):
            with suppress(FileNotFoundError):  # another worker has just loaded it
                names.add(mark.read_bytes().decode(errors="surrogateescape"))
        return names

    def published(self) -> dict[str, Published]:
        """What is published, without what was unloaded."""
        published, unloaded = self._source(), self.unloaded
        kept = {name: p for name, p in published.items() if name not in unloaded}
        if isinstance(published, PublishedModels):
            return PublishedModels(kept, published.skipped, published.unreadable)
        return kept

    def load(self, name: str) -> None:
        """Serve what is published of a model; other workers do at their next look.

        Raises:
          LookupError: no such model is published.
          OSError, ValueError: its newest version cannot be served.
        """
        from helpers.serving.reloading import follow  # imports TensorFlow

        self._check_others()
        published = self._source()
        if name not in published:
            raise LookupError(f"there is no model {closest(name, published)}")
        with self._library.updating:
            self._unmark(name)
            follow(self._library, self.published(), self._load_model)
        newest = max(published[name].files)
        if not self._library.has(name, newest):
            status = self._library.statuses(name).get(newest)
            why = status.error if status else "it is not published any more"
            why = why or "it is still being tried: ask again"
            raise ValueError(f"version {newest} of {name!r} cannot be served: {why}")

    def unload(self, name: str) -> None:
        """Stop serving a model; other workers do at their next look.

        Raises:
          LookupError: no such model is loaded.
        """
        from helpers.serving.reloading import close_unused  # imports TensorFlow

        self._check_others()
        with self._library.updating:
            if name not in self._library.names:
                near = closest(name, self._library.names)
                raise LookupError(f"no model is loaded as {near}")
            self._mark(name)
            self._library.unload(name)
            close_unused(self._library)

    def _check_others(self) -> None:
        if self._shared is not None and not self._every:
            raise ValueError(
                "the other workers never look at what is published: start the server "
                "with --reload-every above 0, or with one worker"
            )

    def _mark(self, name: str) -> None:
        if self._shared is None:
            self._own.add(name)
            return
        made = self._shared / f"new-mark-{os.getpid()}"
        made.write_bytes(_bytes(name))
        made.replace(self._file(self._shared, name))  # no worker reads half of it

    def _unmark(self, name: str) -> None:
        self._own.discard(name)
        if self._shared is not None:
            self._file(self._shared, name).unlink(missing_ok=True)

    @staticmethod
    def _file(folder: Path, name: str) -> Path:
        return folder / f"{MARK}{hashlib.sha256(_bytes(name)).hexdigest()[:32]}"


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")
