"""A model of any kind, given by any of its files, is recognised by its content."""

import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format

from helpers.freezing.by_session import freeze_by_session
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import (
    V1,
    dense,
    dropped_always,
    fed,
    perceptron,
    save,
)

tf1 = tf.compat.v1


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
