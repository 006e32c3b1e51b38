"""Read a Keras model that is one file, `.keras` or HDF5."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from helpers.freezing.sources.source import Source
from helpers.freezing.sources.source_options import SourceOptions
from helpers.freezing.sources.traced_function import load_and_trace


def read_keras(path: Path, options: SourceOptions) -> Source:
    """The traced forward pass of a Keras model, whatever the file's name."""
    return load_and_trace(path, _load)


def _load(path: Path) -> Any:
    """The Keras model; a file without Keras's suffix is copied to one that has it."""
    from keras.saving import load_model

    if path.suffix in (".keras", ".h5", ".hdf5"):
        return load_model(path, compile=False)
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".keras" if path.read_bytes()[:2] == b"PK" else ".h5"
        copy = shutil.copy(path, Path(folder, f"model{suffix}"))
        return load_model(copy, compile=False)
