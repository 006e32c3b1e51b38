"""Training and inference in one graph, switched in every way that programs switch."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.small_models import (
    checkpoint_answers,
    dense,
    frozen_answers,
    numbers,
    ops,
    save,
    variable,
)

tf1 = tf.compat.v1
CONTROL_FLOW = pytest.mark.parametrize("old", [True, False], ids=["switch", "if"])
X = {"x": numbers(2, 4)}


def fed(*shape) -> tf.Tensor:
    return tf1.placeholder(tf.float32, [None, *(shape or (4,))], name="x")


def dropped_in_training(training) -> None:
    """A layer whose dropout is on where `training` is."""
    y = dense(fed(), 3, "one")
    dropped = lambda: tf.nn.dropout(y, rate=0.5)  # noqa: E731
    tf.identity(tf1.cond(training, dropped, lambda: y), name="y")


def by_variable(**how):
    dropped_in_training(tf1.get_variable("is_training", initializer=True, **how))


def by_reference_variable():
    by_variable(use_resource=False)


def by_number():
    phase = tf1.placeholder(tf.int32, [], name="phase")
    dropped_in_training(tf.cast(phase, tf.bool))


def by_learning_phase_of_keras():
    switch = tf1.placeholder_with_default(False, [], name="keras_learning_phase")
    dropped_in_training(switch)


def by_placeholder_without_shape():
    dropped_in_training(tf1.placeholder(tf.bool, name="phase_train"))


def by_nameless_placeholder():
    dropped_in_training(tf1.placeholder(tf.bool))


def by_choice_of_values():
    y = dense(fed(), 3, "one")
    training = tf1.placeholder(tf.bool, [], name="is_training")
    tf.identity(tf.where(training, tf.nn.dropout(y, rate=0.5), y), name="y")


def by_choice_of_rates():
    y = dense(fed(), 3, "one")
    training = tf1.placeholder(tf.bool, [], name="is_training")
    keep = tf.where(training, 0.5, 1.0)
    mask = tf.floor(keep + tf.random.uniform(tf.shape(y)))
    tf.multiply(y / keep, mask, name="y")


def by_rate_in_a_variable():
    y = dense(fed(), 3, "one")
    keep = tf1.get_variable("keep_prob", initializer=0.5, trainable=False)
    mask = tf.floor(keep + tf.random.uniform(tf.shape(y)))
    tf.multiply(y / keep, mask, name="y")


def by_nameless_rate():
    y = dense(fed(), 3, "one")
    keep = tf1.placeholder(tf.float32)
    mask = tf.floor(keep + tf.random.uniform(tf.shape(y)))
    tf.multiply(y / keep, mask, name="y")


def with_seeds_of_its_own():
    y = dense(fed(), 3, "one")
    drop = tf.nn.experimental.stateless_dropout
    tf.identity(drop(y, rate=0.5, seed=[1, 2]), name="y")


def one_mask_for_all_pixels():
    x = fed(4, 4, 3) * variable("w", [3])
    shape = [tf.shape(x)[0], 1, 1, 3]
    tf.identity(tf.nn.dropout(x, rate=0.4, noise_shape=shape), name="y")


def noise_in_training():
    y = dense(fed(), 3, "one")
    training = tf1.placeholder(tf.bool, [], name="training")
    noisy = lambda: y + tf.random.normal(tf.shape(y))  # noqa: E731
    tf.identity(tf1.cond(training, noisy, lambda: y), name="y")


def in_every_step_of_a_loop():
    weights = variable("w", [4])

    def step(i, state):
        return i + 1, tf.nn.dropout(tf.tanh(state * weights), rate=0.5)

    _, y = tf1.while_loop(lambda i, _: i < 3, step, [0, fed()])
    tf.identity(y, name="y")


def in_a_branch_on_the_input():
    x, weights = fed(), variable("w", [4])
    dropped = lambda: tf.nn.dropout(x * weights, rate=0.5)  # noqa: E731
    tf.identity(tf1.cond(tf.reduce_sum(x) > 0, dropped, lambda: x), name="y")


def in_a_branch_by_nameless_rate():
    x, weights, keep = fed(), variable("w", [4]), tf1.placeholder(tf.float32)

    def dropped():
        return tf.floor(keep + tf.random.uniform(tf.shape(x))) * x * weights / keep

    tf.identity(tf1.cond(tf.reduce_sum(x) > 0, dropped, lambda: x), name="y")


def in_the_graph_and_in_a_loop():
    """One rate for both, as for the inputs and the states of a recurrent network."""
    keep, weights = tf1.placeholder(tf.float32, []), variable("w", [4])

    def dropped(values):
        return tf.floor(keep + tf.random.uniform(tf.shape(values))) * values / keep

    def step(i, state):
        return i + 1, dropped(tf.tanh(state * weights))

    _, y = tf1.while_loop(lambda i, _: i < 3, step, [0, dropped(fed())])
    tf.identity(y, name="y")


@CONTROL_FLOW
@pytest.mark.parametrize(
    "build",
    [
        in_the_graph_and_in_a_loop,
        by_variable,
        by_reference_variable,
        by_number,
        by_learning_phase_of_keras,
        by_placeholder_without_shape,
        by_nameless_placeholder,
        by_choice_of_values,
        by_choice_of_rates,
        by_rate_in_a_variable,
        by_nameless_rate,
        with_seeds_of_its_own,
        one_mask_for_all_pixels,
        noise_in_training,
        in_every_step_of_a_loop,
        in_a_branch_on_the_input,
        in_a_branch_by_nameless_rate,
    ],
    ids=lambda build: build.__name__,
)
def test_randomness_of_training_is_bound_and_gone(build, old, tmp_path):
    report = freeze(save(build, tmp_path, old=old), outputs="y")
    assert report.proof.verdict == "exact"
    assert "run twice" in report.proof.note
    assert report.bound
    assert list(report.inputs) == ["x:0"]
    assert report.warnings == ()
    assert not [op for op in ops(report.output) if "Random" in op]


def test_what_is_bound_in_a_function_is_what_the_function_has_without_dropout(tmp_path):
    def without():
        x, weights = fed(), variable("w", [4])
        kept = lambda: x * weights  # noqa: E731
        tf.identity(tf1.cond(tf.reduce_sum(x) > 0, kept, lambda: x), name="y")

    plain = save(without, tmp_path / "without")
    report = freeze(save(in_a_branch_on_the_input, tmp_path), outputs="y")
    expected = checkpoint_answers(plain, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)


def normalised(training, *, fused: bool) -> None:
    """Batch normalization that updates its moving statistics in training."""
    x = fed(2, 2, 3)
    scale, offset = variable("gamma", [3]), variable("beta", [3])
    mean = variable("moving_mean", [3], trainable=False)
    variance = variable("moving_variance", [3], trainable=False)

    def in_training():
        if fused:
            y, now, spread = tf1.nn.fused_batch_norm(x, scale, offset)
        else:
            now, spread = tf.nn.moments(x, [0, 1, 2])
            y = tf.nn.batch_normalization(x, now, spread, offset, scale, 1e-3)
        updates = [
            tf1.assign_sub(moving, (moving - value) * 0.1).op
            for moving, value in ((mean, now), (variance, spread))
        ]
        with tf.control_dependencies(updates):
            return tf.identity(y)

    def in_inference():
        if fused:
            how = {"mean": mean, "variance": variance, "is_training": False}
            return tf1.nn.fused_batch_norm(x, scale, offset, **how)[0]
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)

    if training is True:
        y = in_training()
    else:
        y = tf1.cond(training, in_training, in_inference)
    tf.identity(y, name="y")


@CONTROL_FLOW
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "written out"])
@pytest.mark.parametrize("name", ["phase_train", "Placeholder"])
def test_batch_normalization_takes_its_moving_statistics(name, fused, old, tmp_path):
    def build():
        normalised(tf1.placeholder(tf.bool, name=name), fused=fused)

    prefix = save(build, tmp_path, old=old)
    report = freeze(prefix, outputs="y")
    assert report.bound == {f"{name}:0": False}
    assert report.warnings == ()
    feeds = {"x": numbers(2, 2, 2, 3)}
    expected = checkpoint_answers(prefix, ["y"], feeds | {name: False})
    assert np.array_equal(frozen_answers(report.output, ["y"], feeds), expected)


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "written out"])
def test_batch_normalization_that_always_trains_is_warned_of(fused, tmp_path):
    report = freeze(save(lambda: normalised(True, fused=fused), tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    (warning,) = report.warnings
    assert "takes the statistics of the batch" in warning


def test_all_three_fused_normalizations_freeze(tmp_path):
    def build():
        y, *moments = fed(2, 2, 3), *(variable(name, [3]) for name in "abcd")
        names = ("scale", "offset", "mean", "variance")
        how = dict(zip(names, moments, strict=True), is_training=False)
        kinds = (tf.raw_ops.FusedBatchNorm, tf.raw_ops.FusedBatchNormV2)
        for op in (*kinds, tf.raw_ops.FusedBatchNormV3):
            y = op(x=y, **how)[0]
        tf.identity(y, name="y")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"


def scattered_and_read():
    x, memory = fed(), tf1.get_variable("memory", initializer=tf.ones([3, 4]))
    tf.add(tf1.scatter_add(memory, [0], x[:1])[0], x, name="y")


def scattered():
    x = fed()
    memory = tf1.get_variable("m", initializer=tf.ones([3, 4]), use_resource=False)
    tf.add(tf1.scatter_add(memory, [0], x[:1])[0], x, name="y")


def counted_on(**how):
    x, count = fed(), variable("count", [], **how)

    def step(i, state):
        return i + 1, state * tf1.assign_add(count, 1.0)

    tf.identity(tf1.while_loop(lambda i, _: i < 2, step, [0, x])[1], name="y")


@pytest.mark.parametrize(
    ("build", "old"),
    [
        (scattered, False),
        (scattered_and_read, False),
        (counted_on, False),
        (lambda: counted_on(use_resource=False), True),
    ],
    ids=["scattered", "scattered and read", "in a loop", "in an old loop"],
)
def test_an_answer_that_an_update_makes_is_refused(build, old, tmp_path):
    prefix = save(build, tmp_path, old=old)
    with pytest.raises(
        FreezeError, match=r"changes a variable .*a frozen graph cannot"
    ):
        freeze(prefix, outputs="y")
    assert not (tmp_path / "model-ckpt.pb").exists()
