"""Whatever of a model is named, and however it is named, is recognised by content."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import (
    V1,
    checkpoint_answers,
    dense,
    dropped_always,
    frozen_answers,
    numbers,
    perceptron,
    save,
)

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


class Words(tf.Module):
    """A model of TensorFlow 2 that looks words up."""

    def __init__(self, initialiser):
        self.table = tf.lookup.StaticHashTable(initialiser, 2)
        self.rows = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])
    def __call__(self, words):
        return tf.gather(self.rows, self.table.lookup(words))


@pytest.mark.parametrize("kind", ["pairs", "file"])
def test_a_saved_model_of_tensorflow_2_keeps_its_lookup_tables(kind, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("cat\ndog\n")
    index = tf.lookup.TextFileIndex
    initialisers = {
        "pairs": tf.lookup.KeyValueTensorInitializer(
            ["cat", "dog"], tf.constant([0, 1], tf.int64)
        ),
        "file": tf.lookup.TextFileInitializer(
            str(file), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
        ),
    }
    tf.saved_model.save(Words(initialisers[kind]), str(tmp_path / "export"))
    file.unlink()
    report = freeze(tmp_path / "export", output=tmp_path / "out.pb")
    assert report.proof.verdict in ("exact", "close")
    feeds, start = {"words": ["dog", "?"]}, report.card["initialisers"]
    (found,) = frozen_answers(report.output, ["Identity"], feeds, start)
    assert found.tolist() == [[3, 4], [5, 6]]


class Pair(tf.Module):
    """A model of TensorFlow 2 with two signatures and named outputs."""

    def __init__(self):
        self.factor = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "a")])
    def times(self, a):
        return {"product": a * self.factor, "given": a}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "b")])
    def plus(self, b):
        return {"sum": b + self.factor}


def test_outputs_may_be_named_as_the_signature_names_them(tmp_path):
    pair = Pair()
    both = {"serving_default": pair.times, "other": pair.plus}
    tf.saved_model.save(pair, str(tmp_path / "export"), signatures=both)
    report = freeze(tmp_path / "export", outputs="product", output=tmp_path / "1.pb")
    assert "other, serving_default; serving_default is taken" in report.warnings[0]
    (name,) = report.outputs
    feeds = {"a": [1.0, 2.0]}
    assert frozen_answers(report.output, [name[:-2]], feeds)[0].tolist() == [3, 6]


def test_a_recurrent_keras_model_freezes_as_tensorflow_2_freezes_it(tmp_path):
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input([5, 3]),
            layers.Bidirectional(layers.GRU(4, return_sequences=True)),
            layers.LSTM(4),
        ]
    )
    model.save(tmp_path / "model.keras")
    report = freeze(tmp_path / "model.keras")
    steps = numbers(2, 5, 3)
    (tensor,) = report.inputs
    ours = frozen_answers(report.output, ["Identity"], {tensor[:-2]: steps})[0]
    forward = tf.function(lambda x: model(x, training=False))
    traced = forward.get_concrete_function(tf.TensorSpec([None, 5, 3]))
    theirs = convert_variables_to_constants_v2(traced)(tf.constant(steps))[0]
    assert np.allclose(ours, theirs, atol=1e-6)
    assert report.proof.largest == 0


def test_dropout_inside_a_recurrent_keras_model_is_off(tmp_path):
    layers = tf.keras.layers
    cell = layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5)
    model = tf.keras.Sequential([layers.Input([5, 3]), cell])
    model.save(tmp_path / "model.keras")
    report = freeze(tmp_path / "model.keras")
    assert report.proof.largest == 0
    assert report.warnings == ()


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
