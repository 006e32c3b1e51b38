"""Finds, loads and reloads the models that `python webapp/app.py` serves."""

import gc
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from helpers.foreign.texts import printable
from helpers.quiet import import_tensorflow
from helpers.serving.model_names import name_problem
from helpers.serving.trials import Trials
from helpers.serving.versions import (
    NoModels,
    Published,
    PublishedModels,
    published_as,
    published_in,
    skipped_lines,
)

if TYPE_CHECKING:  # imports TensorFlow
    from helpers.serving.reloading import Reloader

START_SECONDS = 30  # for all files to be tried, where one can be served already
LOOK_SECONDS = 10  # for a file to be tried at one look at what is published
LATE_SECONDS = 180  # to load one file, and for the other workers to load it: 60
STOP_SECONDS = 10  # for a version that is being loaded
log = logging.getLogger(__name__)


class NamedFile(click.ParamType):
    """The option value NAME=FILE.pb: a name and the path of an existing file."""

    name = "NAME=FILE.pb"

    def convert(self, value, param, ctx) -> tuple[str, Path]:
        name, _, file = value.partition("=")
        if not file or not name:
            self.fail(f"{value!r} is not NAME=FILE.pb: try cats=checkpoints/cats.pb")
        if problem := name_problem(name):
            self.fail(f"the name {name[:40]!r} {problem}: try cats={file}")
        if not Path(file).is_file():
            self.fail(f"there is no file {file}: give the path of a frozen graph")
        return name, Path(file)


def published(named: dict[str, Path], folder: Path) -> dict[str, Published]:
    """The named files; if none is named, the models of the folder.

    Raises:
      NoModels: no file is named and the folder holds no NAME/VERSION.pb.
    """
    if named:
        return published_as(named)
    try:
        return published_in(folder)
    except NoModels as error:
        raise NoModels(
            f"there is no NAME/VERSION.pb in {folder}: freeze a model into it with "
            "`python -m helpers freeze`, or name a file with --model NAME=FILE.pb",
            error.skipped,
            error.is_there,
            error.unreadable,
        ) from error


class ModelLoader:
    """Loads frozen graphs with these settings of FrozenModel.load.

    TensorFlow is imported at the first call.

    Args:
      trials: where each file is tried first, in another process; None: it is not.
    """

    def __init__(self, settings: dict, trials: Trials | None = None) -> None:
        self._settings, self._trials = settings, trials

    def __call__(self, path: Path, patience: float | None = None):
        """The model in a file.

        Args:
          patience: seconds to wait until the file is tried; None: as long as it takes.
        Raises:
          NotTried: it takes longer.
          OSError, ValueError: it cannot be read or served.
        """
        if self._trials:
            self._trials.check(path, patience)
        from helpers.serving.frozen_model import FrozenModel

        return FrozenModel.load(path, **self._settings)

    def announce(self, published: Mapping[str, Published]) -> None:
        """Begin to try the versions that will be loaded."""
        if self._trials:
            paths = [m.files[v] for m in published.values() for v in m.wanted]
            self._trials.announce(paths)

    def patient(self, seconds: float) -> Callable:
        """The same, which waits so long for each file."""
        return partial(self, patience=seconds)

    def patient_until(self, end: float) -> Callable:
        """The same, which waits until that time for all files, by time.monotonic."""
        return lambda path: self(path, patience=max(1, end - monotonic()))


def load(
    source: Callable[[], Mapping[str, Published]],
    load_model: ModelLoader,
    *,
    share: Callable[[Callable], Callable] = lambda load: load,
    waits: bool = True,
    is_first: bool = True,
):
    """A Library of what is published and can be served; what cannot is logged.

    Args:
      share: makes a function that loads for one worker of several.
      waits: whether a file that takes longer than START_SECONDS to be tried is waited
        for, though others can be served; if not, the reloader loads it.
      is_first: whether there must be a model; no worker has served before.
    Raises:
      ValueError, OSError: no model is published, or none can be served.
    """
    found = _found(source, is_first)
    click.echo(f"Loading {', '.join(found)}")
    load_model.announce(found)
    import_tensorflow()  # takes seconds: only after all other checks
    gc.collect()
    gc.freeze()  # modules stay for ever: no need to scan them after each reload
    from helpers.serving.library import Library
    from helpers.serving.reloading import follow

    library, failures, end = Library({}), [], monotonic() + START_SECONDS
    load_one = load_model if waits else load_model.patient_until(end)
    while True:
        failures += follow(library, found, share(load_one))
        is_loading = any(_is_loading(library, name) for name in library.known)
        if library.names or not is_loading:
            break
    if not library.names and is_first:
        raise ValueError("\n".join(str(failure.error) for failure in failures))
    for failure in failures:
        log.error("%s", failure)
    for line in skipped_lines(library.skipped):
        log.warning("%s", line)
    return library


def _found(source: Callable, is_first: bool) -> Mapping[str, Published]:
    """What is published; a worker that replaces another does without."""
    try:
        return source()
    except (OSError, ValueError) as error:
        if is_first:
            raise
        log.error("nothing is loaded: %s", printable(str(error)))
        skipped = error.skipped if isinstance(error, NoModels) else {}
        return PublishedModels({}, skipped)


def _is_loading(library, name: str) -> bool:
    statuses = library.statuses(name).values()
    return any(status.state == "LOADING" for status in statuses)


def model_source(named: tuple, folder: Path) -> Callable[[], dict[str, Published]]:
    """A function that returns the models published at the time of the call."""
    return partial(published, dict(named), folder)


@contextmanager
def reloading(
    library, source: Callable, every: float, load_model: Callable
) -> Iterator["Reloader | None"]:
    """Reload newly published models every `every` seconds; 0: never."""
    from helpers.serving.reloading import Reloader

    if not every:
        yield None
        return
    reloader = Reloader(
        library, source, every=every, load_model=load_model, late_after=LATE_SECONDS
    )
    reloader.start()
    try:
        yield reloader
    finally:
        reloader.stop(at_most=STOP_SECONDS)
