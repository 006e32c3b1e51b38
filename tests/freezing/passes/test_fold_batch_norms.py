"""Folding changes the answers by rounding only."""

import numpy as np
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import (
    MOMENTS,
    checkpoint_answers,
    fed,
    frozen_answers,
    numbers,
    ops,
    save,
    variable,
)

tf1 = tf.compat.v1


def normalized():
    """A convolution and a depthwise one, each followed by batch normalization."""
    images = tf.nn.conv2d(fed(8, 8, 3), variable("kernel", [3, 3, 3, 4]), 1, "SAME")
    fused = [variable(name, [4]) for name in MOMENTS]
    images, *_ = tf1.nn.fused_batch_norm(images, *fused, is_training=False)
    depthwise = variable("depthwise", [3, 3, 4, 2])
    images = tf.nn.depthwise_conv2d(images, depthwise, [1, 1, 1, 1], "SAME")
    mean, variance, beta, gamma = (variable(f"{name}2", [8]) for name in MOMENTS)
    images = tf.nn.batch_normalization(
        images, mean, variance, beta, gamma, 1e-3, name="batchnorm"
    )
    tf.reduce_mean(images, [1, 2], name="y")


def test_fold_multiplies_batch_normalization_into_the_weights(tmp_path):
    prefix = save(normalized, tmp_path)
    exact = freeze(prefix, outputs="y")
    folded = freeze(prefix, outputs="y", fold=True, output=tmp_path / "folded.pb")
    assert folded.removed["batch normalization"] == 2
    assert not ops(folded.output) & {"FusedBatchNormV3", "Rsqrt"}
    assert "FusedBatchNormV3" in ops(exact.output)
    feeds = {"x": numbers(2, 8, 8, 3)}
    expected = checkpoint_answers(prefix, ["y"], feeds)[0]
    found = frozen_answers(folded.output, ["y"], feeds)[0]
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert folded.proof.verdict in ("close", "exact")
    assert verify(folded.output, prefix).proof.verdict in ("close", "exact")
