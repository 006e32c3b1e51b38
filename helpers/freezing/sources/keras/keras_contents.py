"""What a Keras file holds, read without Keras and without running anything of it."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from helpers.foreign.json_text import KERAS, parse_json
from helpers.foreign.texts import printable, shown
from helpers.freezing.errors import FreezeError, first_line
from helpers.freezing.sources.keras.hdf5_storage import check_size, check_storage
from helpers.freezing.sources.keras.hdf5_trial import WEIGHTS, try_to_read

CONFIG, METADATA = "config.json", "metadata.json"
# The groups of a file that training needs.
TRAINING = ("optimizer", "optimizer_weights", "metrics", "compile_metrics")
CUT = re.compile(r"eof = (\d+),.*stored_eof = (\d+)")  # as HDF5 says it
ZIP = b"PK"  # the first bytes
# What h5py and zipfile raise for damaged files; RecursionError is a RuntimeError.
DAMAGES = (
    *(OSError, RuntimeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error),
    *(TypeError, AttributeError, OverflowError, MemoryError),
)
SAVE_WHOLE = (
    "load them in Python into the model that they were saved from "
    "(model.load_weights), save that whole (model.save('model.keras')), and freeze it"
)


@dataclass(frozen=True)
class KerasContents:
    """The description and the weights of a saved model.

    Attributes:
      is_hdf5: HDF5 itself; else a `.keras` archive.
      config: of the model, as JSON has it.
      version: of the Keras that wrote it, such as "2.4.0"; empty if it is not said.
      weights: the model's saved arrays, without those that training needs.
    """

    path: Path
    is_hdf5: bool
    config: dict[str, Any]
    version: str
    weights: tuple[np.ndarray, ...]

    @property
    def generation(self) -> int:
        """The first number of the version; 2 if it is not said."""
        first = self.version.split(".")[0]
        return int(first) if re.fullmatch("[0-9]{1,4}", first) else 2

    @property
    def writer(self) -> str:
        """The Keras that wrote it, in words."""
        return (
            f"Keras {printable(self.version[:40])}"
            if self.version
            else "an unknown Keras"
        )


def read_contents(path: Path) -> KerasContents:
    """The contents of a Keras file, recognised whatever its name.

    Raises:
      FreezeError: it is damaged, holds weights only, or is not of Keras.
    """
    try_to_read(path)
    try:
        if zipfile.is_zipfile(path):
            return _read_archive(path)
        with h5py.File(path, "r") as file:
            return _read_hdf5(path, file)
    except DAMAGES as error:
        if isinstance(error, OSError) and error.errno:
            raise FreezeError(
                f"{path} cannot be read: {error.strerror}", "check its permissions"
            ) from error
        raise FreezeError(
            f"{path} is damaged or cut short: {_damage(path, error)}",
            "copy or download it again, and compare its size with the original's",
        ) from error
    except (ValueError, UnicodeDecodeError) as error:
        if isinstance(error, FreezeError):
            raise
        raise FreezeError(
            f"the description of the model in {path} is not readable JSON: "
            f"{first_line(error)}",
            "save the model again",
        ) from error


def _damage(path: Path, error: Exception) -> str:
    """What is wrong with a file that cannot be opened."""
    if sizes := CUT.search(str(error)):
        return f"it has {int(sizes[1]):,} bytes of {int(sizes[2]):,}"
    with path.open("rb") as file:
        is_zip = file.read(2) == ZIP
    return "the zip has no end" if is_zip else first_line(error)


def _read_archive(path: Path) -> KerasContents:
    """The contents of a `.keras` archive."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        check_size(sum(item.file_size for item in archive.infolist()), size, path)
        if CONFIG not in names:
            found = ", ".join(sorted(names)[:5]) or "nothing"
            raise FreezeError(
                f"{path} is a zip without {CONFIG}: it holds {found}",
                "give a .keras file, or a zip of one model",
            )
        config = _json(archive, CONFIG)
        metadata = _json(archive, METADATA) if METADATA in names else {}
        if not isinstance(metadata, dict):
            raise ValueError(f"{METADATA} is {shown(metadata)}, not an object")
        weights: tuple[np.ndarray, ...] = ()
        if WEIGHTS in names:
            with h5py.File(io.BytesIO(archive.read(WEIGHTS)), "r") as file:
                check_storage(file, archive.getinfo(WEIGHTS).file_size, path)
                weights = tuple(_arrays(file))
    version = str(metadata.get("keras_version", ""))
    return KerasContents(path, False, _checked(path, config), version, weights)


def _read_hdf5(path: Path, file: h5py.File) -> KerasContents:
    """The contents of an HDF5 file."""
    config = _text(file.attrs.get("model_config"))
    if config is None:
        raise _no_model(path, file)
    check_storage(file, path.stat().st_size, path)
    stored = file.get("model_weights", file)
    version = _text(file.attrs.get("keras_version"))
    version = version or _text(stored.attrs.get("keras_version")) or ""
    weights = tuple(_arrays(stored))
    return KerasContents(
        path, True, _checked(path, _parsed(config, "model_config")), version, weights
    )


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    """The value of a JSON file in an archive, which may unpack to any size."""
    if archive.getinfo(name).file_size > KERAS.most_bytes:
        raise ValueError(f"{name} has more than {KERAS.most_bytes:,} bytes")
    with archive.open(name) as file:
        return _parsed(file.read(KERAS.most_bytes + 1), name)


def _parsed(text: bytes | str, where: str) -> Any:
    return parse_json(text, where, KERAS)


def _checked(path: Path, config: Any) -> dict[str, Any]:
    """The config, if it is one of a model."""
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise FreezeError(
            f"{path} describes no model: `class_name` and `config` are expected",
            "save the model again",
        )
    return config


def _text(value: Any) -> str | None:
    """An attribute's text; HDF5 has it as bytes or as text."""
    if value is None or isinstance(value, str):
        return value
    data = value.tobytes() if isinstance(value, np.void) else value
    if not isinstance(data, bytes):
        raise ValueError(f"an attribute is {shown(value)}, not a text")
    return data.decode()


def _no_model(path: Path, file: h5py.File) -> FreezeError:
    """The error for an HDF5 file without a model's description."""
    groups, arrays = ", ".join(sorted(file)[:5]) or "nothing", list(_arrays(file))
    of_keras = {"layer_names", "keras_version", "backend"} & set(file.attrs)
    if of_keras or any(
        name in file for name in ("layers", "_layer_checkpoint_dependencies")
    ):
        return FreezeError(
            f"{path} holds weights only, {len(arrays)} arrays as save_weights writes "
            "them, and not the layers that they belong to",
            SAVE_WHOLE,
        )
    return FreezeError(
        f"{path} is an HDF5 file, but no Keras model: it holds {groups}, and no "
        "`model_config`",
        "give a file that model.save wrote",
    )


def _arrays(group: h5py.Group, depth: int = 0) -> Iterator[np.ndarray]:
    """All numeric arrays under a group, without those that training needs."""
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Group):
            if not (depth == 0 and name in TRAINING):
                yield from _arrays(item, depth + 1)
        elif item.dtype.kind in "fiub":
            yield item[()]
