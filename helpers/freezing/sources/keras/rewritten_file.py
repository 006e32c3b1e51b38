"""A Keras file with the suffix of its format, and with another config."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from helpers.freezing.sources.keras.keras_contents import CONFIG, KerasContents

SUFFIXES = {True: (".h5", ".hdf5"), False: (".keras",)}


@contextmanager
def rewritten(contents: KerasContents, config: dict[str, Any]) -> Iterator[Path]:
    """The file itself, or within the context a copy that has this config.

    Keras's loaders choose the format by the suffix, and read the config themselves.
    """
    suffixes = SUFFIXES[contents.is_hdf5]
    changed = config != contents.config
    if contents.path.suffix in suffixes and not changed:
        yield contents.path
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"model{suffixes[0]}")
        if not changed:
            shutil.copyfile(contents.path, place)
        elif contents.is_hdf5:
            shutil.copyfile(contents.path, place)
            with h5py.File(place, "r+") as file:
                file.attrs["model_config"] = json.dumps(config)
        else:
            _copy_archive(contents.path, place, config)
        yield place


def _copy_archive(path: Path, place: Path, config: dict[str, Any]) -> None:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(place, "w") as new:
        for item in old.infolist():
            data = json.dumps(config) if item.filename == CONFIG else old.read(item)
            new.writestr(item, data)
