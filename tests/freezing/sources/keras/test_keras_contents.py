"""Files that hold no whole model are said to be what they are."""

import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.sources.keras.keras_contents import KerasContents, read_contents

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


# A description that is hostile

CONFIGS = {
    "deep": (
        "[" * 5000 + "]" * 5000,
        "has lists or objects in one another more than 300 deep",
    ),
    "key twice": (
        '{"config": 1, "config": 2}',
        "has the key 'config' twice: leave one",
    ),
    "surrogate": (
        '{"config": "\\ud800"}',
        "config holds '\\ud800', which is no character",
    ),
    "digits": ('{"config": ' + "9" * 5000 + "}", "has a number of 5,000 digits"),
    "cut": ('{"config": ', "is not JSON: Expecting value: line 1 column 12"),
}


@pytest.mark.parametrize(("config", "sentence"), CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_hostile_description_gets_one_sentence(tmp_path, end, config, sentence):
    path = tmp_path / f"model.{end}"
    if end == "h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("a", data=1)
            file.attrs["model_config"] = np.void(config.encode())
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
    with pytest.raises(FreezeError, match="the description of the model in") as error:
        read_contents(path)
    assert sentence in error.value.cause
    assert error.value.cause.isprintable()


def test_a_description_that_unpacks_to_too_much_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(
        tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as archive:
        archive.writestr("config.json", b" " * 65 * 10**6)
    with pytest.raises(
        FreezeError, match=r"config\.json has more than 64,000,000 bytes"
    ):
        read_contents(tmp_path / "a.keras")


def test_groups_that_contain_themselves_are_damage(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": {}})
        group = file.create_group("model_weights")
        group["itself"] = group
    with pytest.raises(FreezeError, match="damaged or cut short"):
        read_contents(tmp_path / "a.h5")


@pytest.mark.parametrize("version", ["²", "9" * 5000, "\x1b[31m", "", "x.y"])
def test_an_odd_version_is_taken_for_keras_2(version):
    contents = KerasContents(Path("a.h5"), True, {}, version, ())
    assert contents.generation == 2
    assert contents.writer.isprintable()
    assert len(contents.writer) < 60
