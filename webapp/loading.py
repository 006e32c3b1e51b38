"""The models that `python webapp/app.py` is asked to serve."""

import re
from pathlib import Path

import click

from helpers.quiet import import_tensorflow


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


def load_library(named: dict[str, Path], folder: Path):
    """The named files as a library; where there are none, the folder's models.

    Raises:
      FileNotFoundError: nothing is named and the folder holds no NAME/VERSION.pb.
      ValueError, OSError: a file is not a frozen graph that can be served.
    """
    names = sorted(named or _names_in(folder))
    if not names:
        raise FileNotFoundError(
            f"there is no NAME/VERSION.pb in {folder}: freeze a model into it with "
            "`python -m helpers freeze`, or name a file with --model NAME=FILE.pb"
        )
    click.echo(f"Loading {', '.join(names)}")
    import_tensorflow()  # seconds: only when everything else is well
    from helpers.library import Library

    return Library.load(named) if named else Library.load_folder(folder)


def _names_in(folder: Path) -> set[str]:
    return {file.parent.name for file in folder.glob("*/*.pb") if file.stem.isdecimal()}
