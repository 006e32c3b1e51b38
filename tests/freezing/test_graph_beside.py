"""A checkpoint without a `.meta` takes the graph that training wrote beside it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from tests.freezing.small_models import dense, fed, frozen_answers

pytestmark = pytest.mark.slow

tf1 = tf.compat.v1
X = {"x": np.ones([2, 4], np.float32)}


@pytest.fixture
def folder(tmp_path) -> Path:
    """What an Estimator's session leaves, less the `.meta` files."""
    with tf.Graph().as_default():
        tf.nn.softmax(dense(fed(), 3, "one"), name="y")
        step = tf1.train.get_or_create_global_step().assign_add(1)
        run = tf1.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path))
        with run as session:
            session.run(step)
    for path in tmp_path.glob("*.meta"):
        path.unlink()
    return tmp_path


def test_an_estimators_folder_is_frozen_with_its_graph_and_a_warning(folder):
    report = freeze(folder, outputs="y")
    assert report.proof.verdict == "exact"
    said = "model.ckpt-1.meta is not there; the graph is taken from graph.pbtxt beside"
    assert said in report.warnings[0]


def test_it_answers_as_the_restored_graph(folder):
    frozen = frozen_answers(freeze(folder, outputs="y").output, ["y"], X)[0]
    with tf.Graph().as_default(), tf1.Session() as session:
        y = tf.nn.softmax(dense(fed(), 3, "one"))
        tf1.train.Saver().restore(session, f"{folder}/model.ckpt-1")
        assert np.array_equal(frozen, session.run(y, {"x:0": X["x"]}))
