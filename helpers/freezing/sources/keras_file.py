"""Read a Keras model of one file, `.keras` or HDF5."""

import shutil
import tempfile
from pathlib import Path

from helpers.freezing.sources.source import Source
from helpers.freezing.sources.traced_function import load_and_trace


def read_keras(path: Path) -> Source:
    """A Keras model of one file, `.keras` or HDF5, whatever its name is."""
    return load_and_trace(path, _keras_model, path)


def _keras_model(path: Path):
    """The model; files whose names say nothing are copied to one that Keras knows."""
    from keras.saving import load_model

    known = path.suffix in (".keras", ".h5", ".hdf5")
    if known:
        return load_model(path, compile=False)
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".keras" if path.read_bytes()[:2] == b"PK" else ".h5"
        copy = shutil.copy(path, Path(folder, f"model{suffix}"))
        return load_model(copy, compile=False)
