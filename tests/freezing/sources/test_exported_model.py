"""A folder or a zip with one model in it stands for the model."""

import zipfile
from pathlib import Path

import pytest
import tensorflow as tf
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze

LABELS = "0 Cat\n1 Dog\n"


@pytest.fixture(scope="module")
def export(tmp_path_factory) -> Path:
    """A folder as Teachable Machine's export is."""
    folder = tmp_path_factory.mktemp("export")
    layers = tf_keras.layers
    parts = layers.Input((8, 8, 3)), layers.DepthwiseConv2D(3), layers.Flatten()
    model = tf_keras.Sequential([*parts, layers.Dense(2, "softmax")])
    model.save(folder / "keras_model.h5")
    (folder / "labels.txt").write_text(LABELS)
    return folder


def zipped(path: Path, files: dict[str, Path]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in files.items():
            archive.write(file, name)
    return path


def test_a_folder_stands_for_its_only_keras_file(export, tmp_path):
    report = freeze(export, output=tmp_path / "frozen.pb")
    assert report.proof.verdict == "exact"
    assert report.card["class_names"] == ["Cat", "Dog"]


@pytest.mark.parametrize("inside", ["", "converted_keras/"])
def test_a_zip_stands_for_its_keras_file_and_labels(inside, export, tmp_path):
    files = {f"{inside}{file.name}": file for file in export.iterdir()}
    report = freeze(zipped(tmp_path / "converted_keras.zip", files))
    assert report.output == tmp_path / "converted_keras.pb"
    assert report.card["class_names"] == ["Cat", "Dog"]
    same = freeze(export, output=tmp_path / "folder.pb")
    assert report.fingerprint == same.fingerprint


def test_a_zip_stands_for_its_saved_model(export, tmp_path):
    class Twice(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
        def __call__(self, x):
            return {"y": tf.nn.softmax(x * self.factor)}

    twice = Twice()
    twice.factor = tf.Variable(2.0)
    folder = tmp_path / "model.savedmodel"
    tf.saved_model.save(twice, str(folder))
    found = [path for path in folder.rglob("*") if path.is_file()]
    files = {str(path.relative_to(tmp_path)): path for path in found}
    path = zipped(tmp_path / "zip.zip", files | {"labels.txt": export / "labels.txt"})
    report = freeze(path)
    assert report.proof.verdict == "exact"
    assert report.card["class_names"] == ["Cat", "Dog"]


def test_several_models_are_asked_about(export, tmp_path):
    model = export / "keras_model.h5"
    path = zipped(tmp_path / "two.zip", {"a.h5": model, "b.h5": model})
    with pytest.raises(FreezeError, match=r"holds 2 models: a\.h5, b\.h5"):
        freeze(path)
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).write_bytes(model.read_bytes())
    with pytest.raises(FreezeError, match=r"holds 2 models: a\.h5, b\.h5"):
        freeze(tmp_path)


def test_a_zip_without_a_model_is_said_with_what_it_holds(export, tmp_path):
    path = zipped(tmp_path / "none.zip", {"labels.txt": export / "labels.txt"})
    with pytest.raises(FreezeError, match=r"without a model: it holds labels\.txt"):
        freeze(path)
