"""Several models side by side: a graph and a session each, asked by name.

Taught in notebooks/07_serve_two_models.ipynb.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from helpers.frozen import FrozenModel

FIRST = "dogs-cats"


class Served(NamedTuple):
    """A model with the name and version it is served under."""

    name: str
    version: int
    model: FrozenModel


class UnknownModel(LookupError):
    """There is no model of that name."""


class Library:
    """Models by name; the first one answers where no name is given."""

    def __init__(self, models: Mapping[str, Mapping[int, FrozenModel]]):
        self._served = {
            name: Served(name, version, versions[version])
            for name, versions in models.items()
            for version in [max(versions)]
        }

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> "Library":
        """One model per `.pb` file; a file named `3.pb` is version 3, others are 1."""
        models = {}
        for name, path in files.items():
            models[name] = {version_of(path): FrozenModel.load(path)}
        return cls(models)

    @classmethod
    def load_folder(cls, folder: Path) -> "Library":
        """The newest version of each NAME/VERSION.pb; see `model_files`."""
        return cls.load(model_files(folder))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._served)

    def model(self, name: str | None = None) -> Served:
        """The model of that name, or the first."""
        if name is None:
            name = self.names[0]
        if name not in self._served:
            close = get_close_matches(name, self.names, 1, 0)
            raise UnknownModel(
                f"there is no model {name!r}: did you mean {close[0]!r}?"
            )
        return self._served[name]

    def close(self) -> None:
        for served in self._served.values():
            served.model.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


def model_files(folder: Path) -> dict[str, Path]:
    """The newest NAME/VERSION.pb of each name in a folder, `dogs-cats` first."""
    files: dict[str, Path] = {}
    for path in sorted(Path(folder).glob("*/*.pb"), key=version_of):
        if path.stem.isdecimal():
            files[path.parent.name] = path
    if not files:
        raise ValueError(
            f"there is no model in {folder}: expected NAME/VERSION.pb, for instance "
            "dogs-cats/1.pb, as `python -m helpers freeze --output` writes it"
        )
    return dict(sorted(files.items(), key=lambda item: (item[0] != FIRST, item[0])))


def version_of(path: Path) -> int:
    """3 for `3.pb`, else 1."""
    return int(path.stem) if path.stem.isdecimal() else 1
