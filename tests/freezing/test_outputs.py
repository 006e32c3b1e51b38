"""An output that is not named is taken if it is clear, and asked for if it is not."""

import shutil

import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from tests.freezing.small_models import dense, fed, perceptron, save

tf1 = tf.compat.v1


def test_a_clear_output_is_taken(tmp_path):
    report = freeze(save(perceptron, tmp_path))
    assert list(report.outputs) == ["y:0"]


def two_heads():
    shared = dense(fed(), 5, "shared")
    first, second = dense(shared, 1, "score"), dense(shared, 4, "geometry")
    errors = (tf.square(head - fed()[:, :1]) for head in (first, second))
    tf1.train.AdamOptimizer().minimize(sum(map(tf.reduce_mean, errors)))


def test_two_heads_are_asked_about_and_nothing_is_written(tmp_path):
    prefix = save(two_heads, tmp_path)
    with pytest.raises(ValueError, match=r"score/add,geometry/add|geometry/add,score"):
        freeze(prefix)
    assert not list(tmp_path.glob("*.pb"))


def one_of_three():
    hidden = dense(fed(), 5, "one")
    tf.nn.softmax(dense(hidden, 3, "two"), name="y")
    return tf1.global_variables()[:1]


def test_a_saver_of_one_variable_is_of_the_same_training(tmp_path):
    with pytest.raises(ValueError, match="saved only 1 of 4 variables") as error:
        freeze(save(one_of_three, tmp_path))
    assert "need: one/bias, two/kernel, two/bias" in str(error.value)
    assert "another model" not in str(error.value)


FROZEN = {
    "second-input-after-first-layer": "Sigmoid",
    "two-inputs-x-and-y": "same",
    "mnist-for-beginners-logits": "Add",
}
REFUSED = {
    "loss-is-a-sum-of-means": "it is not clear which op",
    "a3c-continuous-log-prob": "Tanh,add,xw_plus_b_3",
    "saver-of-one-variable": "its Saver saved only 1 of 4 variables",
}


@pytest.mark.parametrize("folder", FROZEN)
def test_shared_outputs_are_frozen(folder, shared, tmp_path):
    source = shutil.copytree(shared / "outputs" / folder, tmp_path / "model")
    report = freeze(source, output=tmp_path / "frozen.pb")
    assert list(report.outputs) == [f"{FROZEN[folder]}:0"]
    assert report.proof.verdict == "exact"


@pytest.mark.parametrize("folder", REFUSED)
def test_shared_outputs_are_asked_about(folder, shared, tmp_path):
    with pytest.raises(ValueError, match=REFUSED[folder]):
        freeze(shared / "outputs" / folder, output=tmp_path / "frozen.pb")
