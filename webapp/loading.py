"""The models that `python webapp/app.py` is asked to serve."""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from helpers.quiet import import_tensorflow
from helpers.serving.versions import Published, published_as, published_in


class NamedFile(click.ParamType):
    """NAME=FILE.pb, as the pair of a name and the path of a file that exists."""

    name = "NAME=FILE.pb"

    def convert(self, value, param, ctx) -> tuple[str, Path]:
        name, _, file = value.partition("=")
        if not file or not re.fullmatch(r"[\w.-]+", name):
            self.fail(f"{value!r} is not NAME=FILE.pb: try cats=checkpoints/cats.pb")
        if not Path(file).is_file():
            self.fail(f"there is no file {file}: give the path of a frozen graph")
        return name, Path(file)


def published(named: dict[str, Path], folder: Path) -> dict[str, Published]:
    """The named files; where there are none, what lies in the folder.

    Raises:
      FileNotFoundError: nothing is named and the folder holds no NAME/VERSION.pb.
    """
    if named:
        return published_as(named)
    if not any(file.stem.isdecimal() for file in folder.glob("*/*.pb")):
        raise FileNotFoundError(
            f"there is no NAME/VERSION.pb in {folder}: freeze a model into it with "
            "`python -m helpers freeze`, or name a file with --model NAME=FILE.pb"
        )
    return published_in(folder)


def opener(ways: dict) -> Callable:
    """What opens a frozen graph in these ways; TensorFlow is imported at the first."""

    def opened(path: Path):
        from helpers.serving.frozen_model import FrozenModel

        return FrozenModel.load(path, **ways)

    return opened


def load(look: Callable[[], dict[str, Published]], opened: Callable):
    """What is published as a library.

    Raises:
      ValueError, OSError: nothing is, or a file is no graph that can be served.
    """
    found = look()
    click.echo(f"Loading {', '.join(found)}")
    import_tensorflow()  # seconds: only when everything else is well
    gc.collect()
    gc.freeze()  # what stays for ever is not looked at after each reload
    from helpers.serving.library import Library

    return Library.load_published(found, opened)


def watcher(named: tuple, folder: Path) -> Callable[[], dict[str, Published]]:
    """Asks again and again what is published."""
    return partial(published, dict(named), folder)


@contextmanager
def followed(library, look: Callable, every: float, opened: Callable) -> Iterator[None]:
    """While it lasts, the library follows what is published; never, every 0 s."""
    from helpers.serving.reloading import Reloader

    if not every:
        yield
        return
    reloader = Reloader(library, look, every=every, opened=opened)
    reloader.start()
    try:
        yield
    finally:
        reloader.stop()
