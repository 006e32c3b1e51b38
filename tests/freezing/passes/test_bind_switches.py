"""Switches between training and inference are bound, and their conditionals removed."""

import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.inference.bind_switches import bind_switches
from helpers.graphs.edges import Edge
from tests.freezing.small_models import (
    MOMENTS,
    X,
    conditional,
    edited,
    fed,
    frozen_as_checkpoint,
    numbers,
    ops,
    save,
    switched,
    variable,
)

tf1 = tf.compat.v1
CONTROL_FLOW = pytest.mark.parametrize("old", [True, False], ids=["switch", "if"])
FUSED = pytest.mark.parametrize("fused", [True, False], ids=["fused", "written out"])


def test_bind_switches_alone_binds_a_training_switch_to_false():
    def build():
        switch = tf1.placeholder(tf.bool, [], name="is_training")
        tf1.cond(switch, lambda: tf.constant(1.0), lambda: tf.constant(2.0), name="c")
        tf.identity(switch, name="y")

    editor = edited(build)
    assert bind_switches(editor) == 1
    assert editor.bound == {Edge("is_training", 0): False}


@CONTROL_FLOW
def test_is_training_is_bound_and_its_conditionals_are_gone(old, tmp_path):
    report = freeze(save(switched, tmp_path, old=old), outputs="y")
    assert report.bound == {"is_training:0": False}
    assert not ops(report.output) & {"If", "StatelessIf", "Switch", "Merge"}
    assert "RandomUniform" not in ops(report.output)
    assert list(report.inputs) == ["x:0"]
    assert report.removed["conditional"] >= 1


def in_a_branch():
    x, weights = fed(), variable("w", [4])
    training = tf1.placeholder(tf.bool, [], name="is_training")

    def deeper():
        dropped = lambda: tf.nn.dropout(x, rate=0.5)  # noqa: E731
        return tf1.cond(training, dropped, lambda: x * weights)

    tf.identity(tf1.cond(tf.reduce_sum(x) > 0, deeper, lambda: x), name="y")


def in_a_loop():
    training = tf1.placeholder(tf.bool, [], name="is_training")
    weights = variable("w", [4])

    def step(i, state):
        dropped = lambda: tf.nn.dropout(state, rate=0.5)  # noqa: E731
        inferring = tf.logical_not(training)
        return i + 1, tf1.cond(inferring, lambda: state * weights, dropped)

    tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, fed()])[1], name="y")


@CONTROL_FLOW
@pytest.mark.parametrize("build", [in_a_branch, in_a_loop])
def test_switch_inside_a_loop_or_a_branch_is_resolved(build, old, tmp_path):
    prefix = save(build, tmp_path, old=old)
    report = frozen_as_checkpoint(prefix, X | {"is_training": False})
    assert report.proof.verdict == "exact"
    assert report.warnings == ()
    assert "RandomUniform" not in ops(report.output)


def choice(name: str, yes, no) -> None:
    x = fed()
    flag = tf1.placeholder(tf.bool, [], name=name)
    y = tf1.cond(flag, lambda: yes(x), lambda: no(x))
    tf.identity(y + variable("bias", [4]), name="y")


def test_switch_of_any_name_is_bound_to_the_branch_without_randomness(tmp_path):
    def build():
        choice("flag", lambda x: x * 2, lambda x: tf.nn.dropout(x, rate=0.5))

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.bound == {"flag:0": True}
    assert report.proof.verdict == "exact"


def test_switch_between_two_inferences_stays_an_input(tmp_path):
    def build():
        choice("flip", tf.identity, tf.negative)

    report = freeze(save(build, tmp_path), outputs="y")
    assert set(report.inputs) == {"x:0", "flip:0"}
    assert report.bound == {}


def test_conditional_on_the_input_stays(tmp_path):
    report = freeze(save(conditional, tmp_path), outputs="y")
    assert ops(report.output) & {"If", "StatelessIf"}


def normalised(training, *, fused: bool) -> None:
    """Batch normalization that updates its moving statistics in training."""
    x = fed(2, 2, 3)
    scale, offset, mean, variance = (
        variable(name, [3], trainable=name in MOMENTS[:2]) for name in MOMENTS
    )

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

    is_fixed = training is True
    y = in_training() if is_fixed else tf1.cond(training, in_training, in_inference)
    tf.identity(y, name="y")


@CONTROL_FLOW
@FUSED
@pytest.mark.parametrize("name", ["phase_train", "Placeholder"])
def test_batch_normalization_takes_its_moving_statistics(name, fused, old, tmp_path):
    def build():
        normalised(tf1.placeholder(tf.bool, name=name), fused=fused)

    prefix = save(build, tmp_path, old=old)
    report = frozen_as_checkpoint(prefix, {"x": numbers(2, 2, 2, 3), name: False})
    assert report.bound == {f"{name}:0": False}
    assert report.warnings == ()


@FUSED
def test_batch_normalization_that_always_trains_is_warned_of(fused, tmp_path):
    report = freeze(save(lambda: normalised(True, fused=fused), tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    (warning,) = report.warnings
    assert "takes the statistics of the batch" in warning


def test_all_three_fused_normalizations_freeze(tmp_path):
    def build():
        y, names = fed(2, 2, 3), ("scale", "offset", "mean", "variance")
        moments = {name: variable(name, [3]) for name in names}
        for version in ("", "V2", "V3"):
            op = getattr(tf.raw_ops, f"FusedBatchNorm{version}")
            y = op(x=y, is_training=False, **moments)[0]
        tf.identity(y, name="y")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"
