"""Weights in 16 bits: half the size, a stated error, the same labels."""

import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.optional.narrow_weights import widen
from helpers.freezing.verify import verify
from tests.freezing.small_models import dense, fed, perceptron, read, save

tf1 = tf.compat.v1


@pytest.mark.parametrize("weights", ["float16", "bfloat16"])
def test_weights_in_16_bits_halve_the_file_and_report_their_error(weights, tmp_path):
    def build():
        tf.nn.softmax(dense(fed(100), 100, "one"), name="y")

    prefix = save(build, tmp_path)
    exact = freeze(prefix, outputs="y")
    narrow = freeze(prefix, outputs="y", weights=weights, output=tmp_path / "n.pb")
    assert narrow.bytes[1] < 0.6 * exact.bytes[1]
    assert 0 < narrow.rounding < 0.01
    assert f"{weights}, largest error" in dict(narrow.rows())["weights"]
    wide = read(narrow.output)
    widen(wide)
    assert not {node.op for node in wide.node} & {"Cast"}


def test_weights_in_16_bits_answer_as_the_rounded_checkpoint(tmp_path):
    prefix = save(perceptron, tmp_path)
    report = freeze(prefix, outputs="y", weights="bfloat16")
    assert report.proof.verdict == "close"
    assert verify(report.output, prefix).proof.verdict == "close"

    def newer():
        tf1.set_random_seed(9)
        hidden = tf.nn.relu(dense(fed(), 5, "one") * 1.05)
        tf.nn.softmax(dense(hidden, 3, "two"), name="y")

    other = save(newer, tmp_path / "other")
    assert verify(report.output, other).proof.verdict == "different"


def test_numbers_too_large_for_float16_are_refused(tmp_path):
    def build():
        huge = tf1.get_variable("huge", initializer=[1e6])
        tf.multiply(fed(1), huge, name="y")

    prefix = save(build, tmp_path)
    with pytest.raises(ValueError, match="'huge' has numbers too large for float16"):
        freeze(prefix, outputs="y", weights="float16")
    assert not (tmp_path / "model-ckpt.pb").exists()
    assert freeze(prefix, outputs="y", weights="bfloat16").proof.verdict == "close"
