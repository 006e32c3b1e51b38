"""Dropouts are bound to keep everything and folded, however programs write them."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from tests.freezing.small_models import (
    X,
    checkpoint_answers,
    dense,
    dropped_always,
    dropped_always_by_keep_prob,
    dropped_by_keep_prob,
    dropped_by_rate,
    dropped_in_a_loop,
    dropped_in_training,
    fed,
    frozen_answers,
    old_dropout,
    ops,
    save,
    variable,
)

tf1 = tf.compat.v1
DROPOUTS = {
    dropped_by_keep_prob: {"keep_prob:0": 1.0},
    dropped_by_rate: {"drop_rate:0": 0.0},
    dropped_always: {"dropout/GreaterEqual/y:0": 0.0, "dropout/Const:0": 1.0},
    dropped_always_by_keep_prob: {"dropout/keep_prob:0": 1.0},
}


@pytest.mark.parametrize("build", DROPOUTS, ids=lambda build: build.__name__)
def test_dropout_is_bound_and_folded(build, tmp_path):
    report = freeze(save(build, tmp_path), outputs="y")
    assert report.bound == DROPOUTS[build]
    assert report.removed["dropout"] == 1
    assert not ops(report.output) & {"RandomUniform", "Floor", "SelectV2", "Select"}
    assert report.proof.verdict == "exact"


def by_choice_of_values():
    y = dense(fed(), 3, "one")
    training = tf1.placeholder(tf.bool, [], name="is_training")
    tf.identity(tf.where(training, tf.nn.dropout(y, rate=0.5), y), name="y")


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


def in_a_branch(drop) -> None:
    x, weights = fed(), variable("w", [4])
    dropped = lambda: drop(x * weights)  # noqa: E731
    tf.identity(tf1.cond(tf.reduce_sum(x) > 0, dropped, lambda: x), name="y")


def in_the_graph_and_in_a_loop():
    """One rate for both, as for the inputs and the states of a recurrent network."""
    keep, weights = tf1.placeholder(tf.float32, []), variable("w", [4])

    def step(i, state):
        return i + 1, old_dropout(tf.tanh(state * weights), keep)

    x = old_dropout(fed(), keep)
    tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, x])[1], name="y")


SWITCHES = {  # tensors that are true in training
    "a variable": lambda: tf1.get_variable("is_training", initializer=True),
    "a reference variable": lambda: tf1.get_variable(
        "is_training", initializer=True, use_resource=False
    ),
    "a number": lambda: tf.cast(tf1.placeholder(tf.int32, [], "phase"), tf.bool),
    "a comparison": lambda: tf.equal(tf1.placeholder(tf.int32, [], "is_training"), 1),
    "Keras": lambda: tf1.placeholder_with_default(False, [], "keras_learning_phase"),
    "no shape": lambda: tf1.placeholder(tf.bool, name="phase_train"),
    "the default name": lambda: tf1.placeholder(tf.bool),
}
RATES = {  # keep probabilities
    "a choice": lambda: tf.where(tf1.placeholder(tf.bool, [], "is_training"), 0.5, 1.0),
    "a variable": lambda: tf1.get_variable("keep_prob", initializer=0.5),
    "the default name": lambda: tf1.placeholder(tf.float32),
}


def by_rate(rate) -> None:
    old_dropout(dense(fed(), 3, "one"), rate, name="y")  # the output itself is folded


def in_a_loop_by_rate(rate) -> None:
    weights = variable("w", [4])

    def step(i, state):
        return i + 1, old_dropout(tf.tanh(state * weights), rate)

    tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, fed()])[1], name="y")


def in_a_branch_by_rate(rate) -> None:
    in_a_branch(lambda values: old_dropout(values, rate))


def in_a_branch_on_the_input():
    in_a_branch(lambda values: tf.nn.dropout(values, rate=0.5))


@pytest.mark.parametrize("old", [True, False], ids=["switch", "if"])
@pytest.mark.parametrize(
    ("build", "scalar"),
    [
        *(pytest.param(dropped_in_training, SWITCHES[key], id=key) for key in SWITCHES),
        *(pytest.param(by_rate, RATES[key], id=f"rate, {key}") for key in RATES),
        (in_a_branch_by_rate, RATES["the default name"]),
        (in_a_loop_by_rate, lambda: tf1.placeholder(tf.float32, [])),
        *((build, None) for build in (by_choice_of_values, with_seeds_of_its_own)),
        *((build, None) for build in (one_mask_for_all_pixels, noise_in_training)),
        *((build, None) for build in (dropped_in_a_loop, in_the_graph_and_in_a_loop)),
        (in_a_branch_on_the_input, None),
    ],
)
def test_randomness_of_training_is_bound_and_removed(build, scalar, old, tmp_path):
    make = (lambda: build(scalar())) if scalar else build
    report = freeze(save(make, tmp_path, old=old), outputs="y")
    assert report.proof.verdict == "exact"
    assert "run twice" in report.proof.note
    assert report.bound
    assert list(report.inputs) == ["x:0"]
    assert list(report.outputs) == ["y:0"]
    assert report.warnings == ()
    assert not [op for op in ops(report.output) if "Random" in op]


def test_function_with_a_bound_dropout_computes_as_without_dropout(tmp_path):
    plain = save(lambda: in_a_branch(tf.identity), tmp_path / "without")
    report = freeze(save(in_a_branch_on_the_input, tmp_path), outputs="y")
    expected = checkpoint_answers(plain, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)
