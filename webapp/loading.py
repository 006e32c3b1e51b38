"""Finds, loads and reloads the models that `python webapp/app.py` serves."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from helpers.quiet import import_tensorflow
from helpers.serving.model_names import name_problem
from helpers.serving.versions import NoModels, Published, published_as, published_in


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
        ) from error


def model_loader(settings: dict) -> Callable:
    """A function that loads a frozen graph with these settings of FrozenModel.load.

    TensorFlow is imported at the first call.
    """

    def load_model(path: Path):
        from helpers.serving.frozen_model import FrozenModel

        return FrozenModel.load(path, **settings)

    return load_model


def load(source: Callable[[], dict[str, Published]], load_model: Callable):
    """A Library of the published models.

    Raises:
      ValueError, OSError: no model is published, or a file is not a graph that can
        be served.
    """
    found = source()
    click.echo(f"Loading {', '.join(found)}")
    import_tensorflow()  # takes seconds: only after all other checks
    gc.collect()
    gc.freeze()  # modules stay for ever: no need to scan them after each reload
    from helpers.serving.library import Library

    return Library.load_published(found, load_model)


def model_source(named: tuple, folder: Path) -> Callable[[], dict[str, Published]]:
    """A function that returns the models published at the time of the call."""
    return partial(published, dict(named), folder)


@contextmanager
def reloading(
    library, source: Callable, every: float, load_model: Callable
) -> Iterator[None]:
    """Reload newly published models every `every` seconds; 0: never."""
    from helpers.serving.reloading import Reloader

    if not every:
        yield
        return
    reloader = Reloader(library, source, every=every, load_model=load_model)
    reloader.start()
    try:
        yield
    finally:
        reloader.stop()
