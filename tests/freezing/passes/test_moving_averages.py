"""Weights are replaced with their moving averages on request."""

import numpy as np
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import X, fed, frozen_answers, save, variable

tf1 = tf.compat.v1


def averaged():
    weights = variable("weights", [4])
    averages = tf1.train.ExponentialMovingAverage(0.9)
    averages.apply([weights])
    tf.multiply(fed(), weights, name="y")
    average = averages.average(weights)
    return {"weights": weights, average.op.name: tf1.get_variable("other", [4])}


def test_ema_takes_the_moving_averages_and_is_mentioned_without_it(tmp_path):
    prefix = save(averaged, tmp_path)
    plain = freeze(prefix, outputs="y")
    ema = freeze(prefix, outputs="y", ema=True, output=tmp_path / "ema.pb")
    reader = tf.train.load_checkpoint(prefix)
    average = reader.get_tensor("weights/ExponentialMovingAverage")
    assert np.array_equal(frozen_answers(ema.output, ["y"], X)[0], X["x"] * average)
    assert ema.proof.verdict == "exact"
    assert verify(ema.output, prefix).proof.verdict == "exact"
    assert any("--ema" in text for text in plain.warnings)
