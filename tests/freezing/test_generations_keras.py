"""Models of both generations of Keras, in both file formats, frozen and compared.

The oracle is the model in memory that was saved.
"""

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.sources.keras.keras_contents import read_contents
from tests.freezing.generation_models import MODELS, SAMPLES, answers, compiled
from tests.freezing.sources.keras.keras_files import answers_of

pytestmark = pytest.mark.ci

FORMATS = ("h5", "keras")
UNSAVED = {  # what no file of this kind holds
    ("tf_keras", "text", "h5"): "tf_keras refuses to save a vocabulary as HDF5",
    ("keras", "text", "h5"): "HDF5 of Keras 3 has no place for a vocabulary",
}
CELLS = [
    (maker, name, end)
    for maker in ("tf_keras", "keras")
    for name in MODELS
    for end in FORMATS
]
SAVED = [cell for cell in CELLS if cell not in UNSAVED]


class Made(NamedTuple):
    """A model's answers, and its files without and with an optimizer's state."""

    expected: list[np.ndarray]
    plain: dict[str, Path]  # by format
    compiled: dict[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that makes a model once, and saves it in both formats."""
    known: dict[tuple[str, str], Made] = {}

    def make(maker: str, name: str) -> Made:
        if (maker, name) not in known:
            model = MODELS[name](importlib.import_module(maker))
            folder = tmp_path_factory.mktemp(name)
            ends = [end for end in FORMATS if (maker, name, end) in SAVED]
            plain = {end: save(model, folder / f"plain.{end}") for end in ends}
            expected = answers(model, SAMPLES[name])
            whole = {e: save(compiled(model), folder / f"model.{e}") for e in ends}
            known[maker, name] = Made(expected, plain, whole)
        return known[maker, name]

    return make


def save(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def name_of(model: Made, end: str) -> str:
    """The path of the compiled file, which warnings of loading begin with."""
    return str(model.compiled[end])


def ids(cell: tuple[str, str, str]) -> str:
    return "-".join(cell)


@pytest.mark.parametrize("cell", SAVED, ids=ids)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_a_frozen_graph_answers_as_the_model_that_was_saved(cell, made, tmp_path):
    maker, name, end = cell
    model = made(maker, name)
    report = freeze(model.compiled[end], output=tmp_path / "frozen.pb")
    assert report.proof.verdict == "exact"
    found = answers_of(report, SAMPLES[name])
    for ours, theirs in zip(found, model.expected, strict=True):
        assert np.allclose(ours.astype(np.float32), theirs, atol=1e-6)
    assert not [text for text in report.warnings if name_of(model, end) in text]


@pytest.mark.parametrize("cell", SAVED, ids=ids)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_an_optimizers_state_changes_nothing_that_is_read(cell, made):
    maker, name, end = cell
    model = made(maker, name)
    plain, whole = (read_contents(p[end]) for p in (model.plain, model.compiled))
    for one, other in zip(plain.weights, whole.weights, strict=True):
        assert np.array_equal(one, other)
    assert plain.config["config"] == whole.config["config"]
    assert plain.generation == whole.generation == (2 if maker == "tf_keras" else 3)


def test_tf_keras_refuses_to_save_a_vocabulary_as_hdf5(tmp_path):
    model = MODELS["text"](importlib.import_module("tf_keras"))
    with pytest.raises(NotImplementedError, match="not supported in h5"):
        model.save(tmp_path / "model.h5")


def test_a_vocabulary_that_hdf5_does_not_hold_is_said(tmp_path):
    model = MODELS["text"](importlib.import_module("keras"))
    path = save(model, tmp_path / "model.h5")
    with pytest.raises(FreezeError, match="does not hold the vocabulary"):
        freeze(path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.h5"]


def test_every_cell_is_saved_or_has_its_sentence():
    assert set(CELLS) == set(SAVED) | set(UNSAVED)
    assert all(UNSAVED.values())
