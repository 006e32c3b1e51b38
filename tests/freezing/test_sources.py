"""A model of any kind, given by any of its files, is recognised by its content."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from helpers.freezing.by_session import freeze_by_session
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import (
    V1,
    X,
    dense,
    dropped_always,
    fed,
    frozen_answers,
    perceptron,
    save,
)

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    return save(perceptron, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fingerprint(prefix) -> str:
    return freeze(prefix, outputs="y").fingerprint


def copy_checkpoint(prefix: str, folder: Path, rename=lambda end: f"model-ckpt{end}"):
    """Copy a checkpoint's files, each under the name made from its suffix."""
    for path in Path(prefix).parent.glob("model-ckpt.*"):
        end = path.name.removeprefix("model-ckpt")
        shutil.copy(path, folder / rename(end))


@pytest.mark.parametrize(
    "named",
    ["", ".index", ".meta", ".data-00000-of-00001", "/..", "/../checkpoint"],
    ids=["prefix", "index", "meta", "data", "folder", "checkpoint"],
)
def test_any_part_of_a_checkpoint_stands_for_it(named, prefix, fingerprint):
    name = os.path.normpath(prefix + named) if "/" in named else prefix + named
    assert freeze(name, outputs="y").fingerprint == fingerprint


def test_the_graph_may_be_elsewhere_and_named_otherwise(prefix, fingerprint, tmp_path):
    copy_checkpoint(prefix, tmp_path)
    graph = shutil.move(tmp_path / "model-ckpt.meta", tmp_path / "graph.bin")
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
    steps = {".meta": 0}
    copy_checkpoint(prefix, tmp_path, lambda end: f"model-{steps.get(end, 100)}{end}")
    report = freeze(tmp_path / "model-100", outputs="y")
    assert "model-0.meta" in report.warnings[0]


def test_an_empty_basename_is_a_checkpoint(prefix, fingerprint, tmp_path):
    copy_checkpoint(prefix, tmp_path, lambda end: end)
    for named in (f"{tmp_path}/", tmp_path, tmp_path / ".meta"):
        report = freeze(named, outputs="y", output=tmp_path / "out" / "frozen.pb")
        assert report.fingerprint == fingerprint


def test_the_old_formats_file_is_its_own_prefix(tmp_path):
    prefix = save(perceptron, tmp_path, write_version=V1)
    assert Path(prefix).is_file()
    assert freeze(tmp_path, outputs="y").proof.verdict == "exact"


def test_a_checkpoint_file_of_another_machine_points_beside_itself(prefix, tmp_path):
    copy_checkpoint(prefix, tmp_path)
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "/home/somebody/run7/model-ckpt"\n')
    report = freeze(state, outputs="y")
    assert "/home/somebody/run7/model-ckpt" in report.warnings[0]


def test_a_saved_model_of_tensorflow_1_freezes_to_its_signature(tmp_path):
    with tf.Graph().as_default(), tf1.Session() as session:
        x, folder = fed(), tmp_path / "export"
        y = tf.nn.softmax(dense(x, 3, "one"), name="y")
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(session, str(folder), {"in": x}, {"out": y})
        expected = session.run(y, {x: X["x"]})
    report = freeze(folder)
    assert report.proof.verdict == "exact"
    assert report.card["output"] == "y:0"
    assert np.array_equal(frozen_answers(report.output, ["y"], X)[0], expected)


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
    report = freeze(tmp_path / "export" / "saved_model.pb", output=tmp_path / "out.pb")
    assert report.proof.verdict in ("exact", "close")
    assert report.proof.largest == 0
    assert report.inputs == {"words:0": "string [N]"}
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


def test_verify_finds_a_stale_file(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "y.pb").output
    report = verify(frozen, prefix)
    assert report.proof.verdict == "exact"
    assert report.warnings == ()

    def trained_on():
        tf1.set_random_seed(8)
        hidden = tf.nn.relu(dense(fed(), 5, "one") + 1)
        tf.nn.softmax(dense(hidden, 3, "two"), name="y")

    newer = save(trained_on, tmp_path / "newer")
    assert verify(frozen, newer).proof.verdict == "different"


@pytest.mark.parametrize(
    ("build", "verdict"), [(perceptron, "exact"), (dropped_always, "different")]
)
def test_verify_finds_dropout_in_files_that_tensorflow_froze(build, verdict, tmp_path):
    prefix, path = save(build, tmp_path), tmp_path / "theirs.pb"
    theirs = freeze_by_session(f"{prefix}.meta", prefix, ["y"])
    path.write_bytes(theirs.SerializeToString())
    assert verify(path, prefix).proof.verdict == verdict
