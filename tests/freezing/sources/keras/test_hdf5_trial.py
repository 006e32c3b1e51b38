"""Keras files are read in a process of their own first."""

import resource

import h5py
import numpy as np
import pytest

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.keras import hdf5_trial
from helpers.freezing.sources.keras.hdf5_trial import read_all, try_to_read


@pytest.fixture
def path(tmp_path):
    """An HDF5 file with an attribute, an array, and one that is elsewhere."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["model_config"] = "{}"
        file["group/array"] = np.ones(5)
        file.create_dataset("away", (9,), "u1", external=[("/dev/zero", 0, 9)])
        file["nowhere"] = h5py.ExternalLink("missing.h5", "/")
    return tmp_path / "a.h5"


@pytest.fixture
def limits(monkeypatch):
    """The limits that are set; they would be those of the tests."""
    found = {}
    monkeypatch.setattr(
        resource, "setrlimit", lambda name, value: found.update({name: value})
    )
    return found


def test_all_is_read_but_what_is_elsewhere(path, limits, monkeypatch):
    names, read = [], h5py.Dataset.__getitem__

    def noted(dataset, *where):
        names.append(dataset.name)
        return read(dataset, *where)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", noted)
    read_all(str(path))
    assert names == ["/group/array"]
    assert limits[resource.RLIMIT_CPU][0] == hdf5_trial.SECONDS


@pytest.mark.parametrize("data", [b"", b"no HDF5", b"PK\x05\x06" + bytes(18)])
def test_an_error_is_left_to_whoever_reads_it_next(tmp_path, data):
    (tmp_path / "a.h5").write_bytes(data)
    try_to_read(tmp_path / "a.h5")


def test_without_a_process_the_cause_is_said(path, monkeypatch):
    monkeypatch.setattr(hdf5_trial.sys, "executable", "/nowhere/python")
    with pytest.raises(FreezeError, match="No such file or directory"):
        try_to_read(path)
