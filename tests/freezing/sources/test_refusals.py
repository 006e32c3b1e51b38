"""What is no SavedModel and no Keras file is refused with its cause and what helps.

Each file is of a kind that people have: cut or incomplete downloads, weights without
their layers, and models of other programs.
"""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

from helpers.freezing.freeze import freeze
from tests.freezing.refusals import refusal
from tests.freezing.saved_models import save_function
from tests.freezing.small_models import frozen_graph

tf1 = tf.compat.v1
DATA = "variables.data-00000-of-00001"
GIVE = "give a checkpoint's prefix, folder or files, a SavedModel or a Keras model"
FOLDER = (
    "give a folder with a checkpoint's .index file, a SavedModel or a Keras file in it"
)
CONVERTED = "give the Keras file or the SavedModel that it was converted from"
COPY = "copy or download it again, and compare its size with the original's"
AGAIN = "export the model again, or copy its folder again"
EARLIER = "copy the checkpoint's files again, or take an earlier checkpoint"
TEACHABLE = (
    "export it from Teachable Machine again, as Tensorflow and there Keras, and give "
    "that zip"
)
PHOTOS = "train an image project there, and export it as Tensorflow and there Keras"
LITE = b"\x1c\x00\x00\x00TFL3" + bytes(40)
TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
JAVASCRIPT = json.dumps({"modelTopology": {}, "weightsManifest": []})


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A small SavedModel, to be copied."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    return save_function(lambda module, x: {"y": x @ module.kernel}, folder)


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory) -> Path:
    """A folder with one model as HDF5, as `.keras`, and its weights and config."""
    folder = tmp_path_factory.mktemp("keras")
    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.Input((4,)), layers.Dense(3)])
    model.save(folder / "model.h5")
    model.save(folder / "model.keras")
    model.save_weights(folder / "weights.h5")
    (folder / "model.json").write_text(model.to_json())
    return folder


def lost(*names: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        for name in names:
            place = folder / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()

    return edit


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, size)


def written(name: str, data: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data()) and None


SAVED_MODELS = {
    "no data": (
        lost(f"variables/{DATA}"),
        f"{{p}}/variables/{DATA} is missing: the index names it, and it holds the "
        "values\ncopy it too: a checkpoint is all its files",
    ),
    "no index": (
        lost("variables/variables.index"),
        "{p}/variables/variables.index is missing; the .data files cannot be read "
        "without it\ncopy the .index file too",
    ),
    "no variables": (
        lost("variables"),
        "{p}/variables/variables.index is missing: saved_model.pb holds the graph, and "
        "the values of its variables are in the folder `variables` beside it\n"
        "copy the whole folder of the SavedModel",
    ),
    "no graph": (
        lost("saved_model.pb"),
        "{p}/saved_model.pb is missing: it holds the graph, and the folder `variables` "
        "beside it holds the values only\ncopy the whole folder of the SavedModel",
    ),
    "index cut": (
        cut("variables/variables.index", 50),
        "{p}/variables/variables.index: does not end with a table's magic number: it "
        f"is cut short, or another file\n{EARLIER}",
    ),
    "data cut": (
        cut(f"variables/{DATA}", 10),
        f"{{p}}/variables/{DATA} is cut short: it has 10 bytes, and "
        f"'_CHECKPOINTABLE_OBJECT_GRAPH' ends at byte",
    ),
    "graph cut": (
        cut("saved_model.pb", 300),
        "{p}/saved_model.pb is damaged, cut short, or no graph file, though it is "
        f"named as a SavedModel's\n{AGAIN}",
    ),
    "graph empty": (
        cut("saved_model.pb", 0),
        "{p}/saved_model.pb is empty, though it is named as a SavedModel's\n" + AGAIN,
    ),
    "a frozen graph": (
        written("saved_model.pb", frozen_graph),
        "{p}/saved_model.pb is a GraphDef, though it is named as a SavedModel's\n"
        "rename it, such as to model.pb, and give it by itself",
    ),
}


@pytest.mark.parametrize(("edit", "said"), SAVED_MODELS.values(), ids=SAVED_MODELS)
def test_a_saved_model_with_a_lost_or_damaged_file(edit, said, saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "model"))
    edit(folder)
    assert refusal(folder).startswith(said.replace("{p}", str(folder)))


def test_a_saved_model_as_text_is_frozen(saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "model"))
    binary = folder / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(binary.read_bytes())
    (folder / "saved_model.pbtxt").write_text(text_format.MessageToString(message))
    binary.unlink()
    assert freeze(folder).proof.verdict == "exact"


def test_the_only_saved_model_below_a_folder_is_taken_and_said(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "served" / "1")
    report = freeze(tmp_path / "served", output=tmp_path / "y.pb")
    assert f"the only SavedModel in {tmp_path}/served is taken: 1" in report.warnings


def test_several_saved_models_below_a_folder_are_listed(saved, tmp_path):
    for name in "12":
        shutil.copytree(saved, tmp_path / "served" / name)
    folder = tmp_path / "served"
    assert refusal(folder) == f"{folder} holds 2 models: 1, 2\ngive one of them"


def test_teachable_machines_saved_model_finds_its_labels(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "model.savedmodel")
    (tmp_path / "labels.txt").write_text("0 Cat\n1 Dog\n2 Owl\n")
    assert freeze(tmp_path).card["class_names"] == ["Cat", "Dog", "Owl"]


def onnx() -> bytes:
    """A model of one Relu in ONNX's format, whose fields are numbered so."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    return b"\x08\x08" + field(7, field(1, node)) + field(8, b"\x10\x11")


def as_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["pixels"] = np.ones(3)


def text(content: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(content) and None


def data(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


FILES = {
    "model.tflite": (data(LITE), f"is a TensorFlow Lite model\n{CONVERTED}"),
    "model.onnx": (data(onnx()), "is an ONNX model\ngive the TensorFlow model that"),
    "model.pth": (data(TORCH), "is a PyTorch model\nfreeze the same network"),
    "model.json": (text(JAVASCRIPT), f"is a TensorFlow.js model\n{CONVERTED}"),
    "model.yaml": (
        text("class_name: Sequential\nconfig:\n- class_name: Dense\n"),
        "is the description of a Keras model as YAML, without its weights\nmake the",
    ),
    "weights.npy": (
        lambda path: np.save(path, np.ones(3)),
        "is a file of NumPy arrays, without the layers that they belong to\nload them",
    ),
    "frozen.h5": (
        data(frozen_graph()),
        "is frozen already: its graph has no variables\nserve it as it is",
    ),
    "text.h5": (text("hello\n"), f"is a text that begins 'hello', not a graph\n{GIVE}"),
    "page.h5": (
        text("<!DOCTYPE html>\n<html>404"),
        "is a web page\ndownload the file itself, such as by the link `raw`",
    ),
    "pointer.h5": (
        text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "is a pointer of Git LFS, which stands for the file itself\nrun `git lfs pull`",
    ),
    "other.h5": (
        as_hdf5,
        "is an HDF5 file, but no Keras model: it holds pixels, and no `model_config`\n"
        "give a file that model.save wrote",
    ),
    "empty.h5": (Path.touch, f"is empty\n{GIVE}"),
}


@pytest.mark.parametrize(("name", "made"), FILES.items(), ids=FILES)
def test_a_file_of_another_kind(name, made, tmp_path):
    make, said = made
    make(tmp_path / name)
    assert refusal(tmp_path / name).startswith(f"{tmp_path / name} {said}")


KERAS = {
    "weights alone": (
        "weights.h5",
        None,
        "holds weights only, 2 arrays as save_weights writes them, and not the layers "
        "that they belong to\nload them in Python",
    ),
    "config alone": (
        "model.json",
        None,
        "is the description of a Keras model, without its weights\nmake the model of",
    ),
    "HDF5 cut": (
        "model.h5",
        3000,
        "is damaged or cut short: it has 3,000 bytes of ",
    ),
    "archive cut": (
        "model.keras",
        3000,
        f"is damaged or cut short: the zip has no end\n{COPY}",
    ),
}


@pytest.mark.parametrize(("name", "size", "said"), KERAS.values(), ids=KERAS)
def test_a_part_of_a_keras_model(name, size, said, keras_files, tmp_path):
    path = Path(shutil.copy(keras_files / name, tmp_path))
    if size:
        os.truncate(path, size)
    assert refusal(path).startswith(f"{path} {said}")


def zipped(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def in_browser(**metadata) -> dict[str, bytes | str]:
    """The files of Teachable Machine's export for TensorFlow.js."""
    stated = json.dumps(metadata)
    return {"metadata.json": stated, "model.json": JAVASCRIPT, "weights.bin": b"1234"}


LABELS = "0 Cat\n1 Dog\n"
SOUND = (
    "is a sound model of Teachable Machine, which exports these for TensorFlow.js or "
    f"TensorFlow Lite only\n{PHOTOS}"
)
ZIPS = {
    "Teachable Machine for the browser": (
        in_browser(packageName="@teachablemachine/image", labels=["Cat", "Dog"]),
        f"is Teachable Machine's export for TensorFlow.js\n{TEACHABLE}",
    ),
    "Teachable Machine for phones": (
        {"model_unquant.tflite": LITE, "labels.txt": LABELS},
        f"is Teachable Machine's export for TensorFlow Lite\n{TEACHABLE}",
    ),
    "poses": (
        in_browser(packageName="@teachablemachine/pose", labels=["Sit", "Stand"]),
        SOUND.replace("sound", "pose"),
    ),
    "sounds": (in_browser(tfjsSpeechCommandsVersion="0.4.0"), SOUND),
    "sounds for phones": (
        {"soundclassifier_with_metadata.tflite": LITE, "labels.txt": LABELS},
        SOUND,
    ),
    "TensorFlow.js": (
        {"web/model.json": JAVASCRIPT, "web/group1-shard1of1": b"1234"},
        f"is a TensorFlow.js model\n{CONVERTED}",
    ),
    "PyTorch": (
        {"archive/data.pkl": b"\x80\x02}.", "archive/version": "3"},
        "is a PyTorch model\nfreeze the same network of TensorFlow or Keras; PyTorch's "
        "cannot be frozen",
    ),
    "NumPy": (
        {"arr_0.npy": b"\x93NUMPY"},
        "is a file of NumPy arrays, without the layers that they belong to\nload them "
        "in Python into the model, save that whole (model.save('model.keras')), and "
        "freeze it",
    ),
    "two": (
        {"a.h5": b"1", "b.h5": b"2"},
        "holds 2 models: a.h5, b.h5\nextract it, and give one of them",
    ),
    "another": (
        {"readme.txt": "hello"},
        "is a zip without a model: it holds readme.txt\n"
        "give a zip of one Keras file (.h5, .keras) or one SavedModel",
    ),
    "nothing": ({}, f"is an empty zip\n{GIVE}"),
}


@pytest.mark.parametrize(("files", "said"), ZIPS.values(), ids=ZIPS)
def test_a_zip_without_a_keras_file_or_saved_model(files, said, tmp_path):
    path = zipped(tmp_path / "model.zip", files)
    assert refusal(path) == f"{path} {said}"


FOLDERS = {
    "empty": ({}, f"is empty\n{FOLDER}"),
    "photos": (
        {"a.jpg": "1", "b.jpg": "2"},
        f"holds no model: a.jpg, b.jpg\n{FOLDER}",
    ),
    "TensorFlow.js": (
        {"model.json": JAVASCRIPT, "group1-shard1of1.bin": "1234"},
        f"holds a TensorFlow.js model\n{CONVERTED}",
    ),
    "graphs": (
        {"a.pb": "1", "b.pb": "2"},
        "holds no model: a.pb, b.pb\ngive a graph by itself: a.pb, b.pb",
    ),
    "a folder inside": ({"photos/a.jpg": "1"}, f"holds no model: photos\n{FOLDER}"),
}


@pytest.mark.parametrize(("files", "said"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_without_a_model(files, said, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    assert refusal(folder) == f"{folder} {said}"


def test_an_encrypted_zip_is_said(keras_files, tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(keras_files / "model.h5", "keras_model.h5")
    changed = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):  # a member's two headers: its flags
        changed[changed.index(start) + (6 if start[2] == 3 else 8)] |= 1
    path.write_bytes(changed)
    said = "is encrypted\nextract it with its password, and give the model in it"
    assert refusal(path) == f"{path} {said}"


@pytest.mark.parametrize("name", ["model.hdf5", "MODEL.HDF5"])
def test_a_folder_may_lie_beside_an_hdf5_file(name, keras_files, tmp_path):
    shutil.copy(keras_files / "model.h5", tmp_path / name)
    (tmp_path / "photos").mkdir()
    (tmp_path / "labels.txt").write_text("Cat\nDog\nOwl\n")
    assert freeze(tmp_path).card["class_names"] == ["Cat", "Dog", "Owl"]
