"""Whatever of a model is named, and however it is named, is recognised by content."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from freezing_models import (
    V1,
    checkpoint_answers,
    dense,
    dropped_always,
    frozen_answers,
    numbers,
    perceptron,
    save,
)
from google.protobuf import text_format

from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify

tf1 = tf.compat.v1
X = {"x": numbers(2, 4)}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    return save(perceptron, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fingerprint(prefix) -> str:
    return freeze(prefix, outputs="y").fingerprint


@pytest.mark.parametrize(
    "named",
    ["", ".index", ".meta", ".data-00000-of-00001", "/..", "/../checkpoint"],
    ids=["prefix", "index", "meta", "data", "folder", "checkpoint"],
)
def test_any_part_of_a_checkpoint_stands_for_it(named, prefix, fingerprint):
    name = os.path.normpath(prefix + named) if "/" in named else prefix + named
    assert freeze(name, outputs="y").fingerprint == fingerprint


def test_the_graph_may_be_elsewhere_and_named_otherwise(prefix, fingerprint, tmp_path):
    for path in Path(prefix).parent.glob("model-ckpt.[id]*"):
        shutil.copy(path, tmp_path)
    graph = shutil.copy(f"{prefix}.meta", tmp_path / "graph.bin")
    report = freeze(f"{tmp_path}/model-ckpt", meta=graph, outputs="y")
    assert report.fingerprint == fingerprint


@pytest.mark.parametrize("text", [True, False], ids=["text", "binary"])
def test_a_graph_without_savers_is_enough(text, prefix, fingerprint, tmp_path):
    meta = tf1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    path = tmp_path / "graph.pb"
    data = text_format.MessageToString(meta.graph_def).encode()
    path.write_bytes(data if text else meta.graph_def.SerializeToString())
    report = freeze(prefix, meta=path, outputs="y", output=tmp_path / "frozen.pb")
    assert report.fingerprint == fingerprint


def test_a_meta_file_of_another_step_is_taken_with_a_warning(prefix, tmp_path):
    for path in Path(prefix).parent.glob("model-ckpt.*"):
        end = path.name.removeprefix("model-ckpt")
        shutil.copy(path, tmp_path / f"model-{0 if end == '.meta' else 100}{end}")
    report = freeze(tmp_path / "model-100", outputs="y")
    assert "model-0.meta" in report.warnings[0]


def test_an_empty_basename_is_a_checkpoint(prefix, fingerprint, tmp_path):
    for path in Path(prefix).parent.glob("model-ckpt.*"):
        shutil.copy(path, tmp_path / path.name.removeprefix("model-ckpt"))
    for named in (f"{tmp_path}/", tmp_path, tmp_path / ".meta"):
        report = freeze(named, outputs="y", output=tmp_path / "out" / "frozen.pb")
        assert report.fingerprint == fingerprint


def test_the_old_formats_file_is_its_own_prefix(tmp_path):
    prefix = save(perceptron, tmp_path, write_version=V1)
    assert Path(prefix).is_file()
    assert freeze(tmp_path, outputs="y").proof.verdict == "exact"


def test_a_checkpoint_file_of_another_machine_points_beside_itself(prefix, tmp_path):
    for path in Path(prefix).parent.glob("model-ckpt.*"):
        shutil.copy(path, tmp_path)
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "/home/somebody/run7/model-ckpt"\n')
    report = freeze(state, outputs="y")
    assert "/home/somebody/run7/model-ckpt" in report.warnings[0]


def signed(folder: Path) -> str:
    """A SavedModel of TensorFlow 1."""
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        y = tf.nn.softmax(dense(x, 3, "one"), name="y")
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(session, str(folder), {"in": x}, {"out": y})
        return session.run(y, {x: X["x"]})


def test_a_saved_model_of_tensorflow_1_freezes_to_its_signature(tmp_path):
    expected = signed(tmp_path / "export")
    report = freeze(tmp_path / "export")
    assert report.proof.verdict == "exact"
    assert report.card["output"] == "y:0"
    assert np.array_equal(frozen_answers(report.output, ["y"], X)[0], expected)


class Doubler(tf.Module):
    """A model of TensorFlow 2 with a table of words."""

    def __init__(self):
        self.factor = tf.Variable([[2.0, 3.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "numbers")])
    def __call__(self, numbers):
        return {"doubled": numbers * self.factor}


def test_a_saved_model_of_tensorflow_2_freezes(tmp_path):
    tf.saved_model.save(Doubler(), str(tmp_path / "export"))
    report = freeze(tmp_path / "export" / "saved_model.pb", output=tmp_path / "out.pb")
    assert report.proof.verdict in ("exact", "close")
    assert report.proof.largest == 0
    assert report.inputs == {"numbers:0": "float32 [N, 2]"}


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "no_name"])
def test_a_keras_model_freezes_with_training_off(name, tmp_path):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input([8, 8, 3]),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    model.save(tmp_path / ("model.keras" if name == "no_name" else name))
    if name == "no_name":
        (tmp_path / "model.keras").rename(tmp_path / name)
    report = freeze(tmp_path / name, output=tmp_path / "out.pb")
    images = numbers(2, 8, 8, 3)
    (tensor,) = report.inputs
    frozen = frozen_answers(
        report.output, [report.card["output"][:-2]], {tensor[:-2]: images}
    )
    assert np.allclose(frozen[0], model(images, training=False), atol=1e-6)
    assert report.proof.largest == 0
    narrow = freeze(tmp_path / name, output=tmp_path / "16.pb", weights="bfloat16")
    assert narrow.proof.verdict == "close"
    assert narrow.rounding > 0


def test_verify_finds_a_stale_file(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "y.pb").output
    report = verify(frozen, prefix)
    assert report.proof.verdict == "exact"
    assert report.warnings == ()

    def trained_on():
        tf1.set_random_seed(8)
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        hidden = tf.nn.relu(dense(x, 5, "one") + 1)
        tf.nn.softmax(dense(hidden, 3, "two"), name="y")

    newer = save(trained_on, tmp_path / "newer")
    assert verify(frozen, newer).proof.verdict == "different"


def test_verify_finds_dropout_that_was_frozen_on(tmp_path):
    prefix = save(dropped_always, tmp_path)
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        tf1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
        convert = tf1.graph_util.convert_variables_to_constants
        theirs = convert(session, graph.as_graph_def(), ["y"])
    (tmp_path / "theirs.pb").write_bytes(theirs.SerializeToString())
    assert verify(tmp_path / "theirs.pb", prefix).proof.verdict == "different"


def test_verify_takes_a_file_that_tensorflow_froze(prefix, tmp_path):
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        tf1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
        convert = tf1.graph_util.convert_variables_to_constants
        theirs = convert(session, graph.as_graph_def(), ["y"])
    (tmp_path / "theirs.pb").write_bytes(theirs.SerializeToString())
    report = verify(tmp_path / "theirs.pb", prefix)
    assert report.proof.verdict == "exact"
    expected = checkpoint_answers(prefix, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)
