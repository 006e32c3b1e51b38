"""Files that hold no whole model are said to be what they are."""

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.sources.keras.keras_contents import read_contents

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
MAKERS = pytest.mark.parametrize(
    "maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"]
)


def small(maker):
    return maker.Sequential([maker.layers.Input((4,)), maker.layers.Dense(2)])


@pytest.mark.parametrize(
    ("maker", "name"),
    [(keras, "a.weights.h5"), (tf_keras, "a.weights.h5"), (tf_keras, "a.h5")],
    ids=["Keras 3", "tf_keras", "Keras 2's older format"],
)
def test_weights_alone_are_said_with_what_to_do(maker, name, tmp_path):
    small(maker).save_weights(tmp_path / name)
    with pytest.raises(FreezeError, match="holds weights only, 2 arrays") as caught:
        freeze(tmp_path / name)
    assert "model.load_weights" in caught.value.fix
    assert "model.save('model.keras')" in caught.value.fix


def test_other_hdf5_is_no_keras_model(tmp_path):
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["measurements"] = np.zeros(3)
    with pytest.raises(FreezeError, match="no Keras model: it holds measurements"):
        freeze(tmp_path / "table.h5")


@MAKERS
@pytest.mark.parametrize("end", ["h5", "keras"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_is_said_to_be(maker, end, part, tmp_path):
    path = tmp_path / f"model.{end}"
    small(maker).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(FreezeError, match="damaged or cut short"):
        freeze(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@MAKERS
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_the_contents_are_those_that_were_saved(maker, end, tmp_path):
    model = small(maker)
    model.save(tmp_path / f"model.{end}")
    found = read_contents(tmp_path / f"model.{end}")
    assert found.generation == (3 if maker is keras else 2)
    assert found.version == maker.__version__
    assert found.config["class_name"] == "Sequential"
    saved = {weight.numpy().tobytes() for weight in model.weights}
    assert {array.tobytes() for array in found.weights} == saved
