"""What only training needs goes, and is listed; what inference needs stays."""

import hashlib
import json

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.optional.narrow_weights import widen
from helpers.freezing.verify import verify
from helpers.graphs.fingerprint import fingerprint
from helpers.graphs.model_card import card_in
from tests.freezing.small_models import (
    checkpoint_answers,
    conditional,
    dense,
    dropped_always,
    dropped_always_by_keep_prob,
    dropped_by_keep_prob,
    dropped_by_rate,
    frozen_answers,
    numbers,
    ops,
    perceptron,
    read,
    save,
    switched,
    variable,
    waiting,
)

tf1 = tf.compat.v1
X = {"x": numbers(2, 4)}
DROPOUTS = {
    dropped_by_keep_prob: {"keep_prob:0": 1.0},
    dropped_by_rate: {"drop_rate:0": 0.0},
    dropped_always: {"dropout/GreaterEqual/y:0": 0.0, "dropout/Const:0": 1.0},
    dropped_always_by_keep_prob: {"dropout/keep_prob:0": 1.0},
}


@pytest.mark.parametrize("build", DROPOUTS, ids=lambda build: build.__name__)
def test_dropout_is_bound_to_let_everything_through_and_folded_away(build, tmp_path):
    report = freeze(save(build, tmp_path), outputs="y")
    assert report.bound == DROPOUTS[build]
    assert report.removed["dropout"] == 1
    assert not ops(report.output) & {"RandomUniform", "Floor", "SelectV2", "Select"}
    assert report.proof.verdict == "exact"


@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
def test_is_training_is_bound_and_its_conditionals_are_gone(old, tmp_path):
    report = freeze(save(switched, tmp_path, old=old), outputs="y")
    assert report.bound == {"is_training:0": False}
    assert not ops(report.output) & {"If", "StatelessIf", "Switch", "Merge"}
    assert "RandomUniform" not in ops(report.output)
    assert list(report.inputs) == ["x:0"]
    assert report.removed["conditional"] >= 1


def test_a_switch_that_is_a_number_is_bound(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        flag = tf1.placeholder(tf.int32, [], name="is_training")
        weighed = x * variable("w", [4])
        dropped = lambda: tf.nn.dropout(weighed, rate=0.5)  # noqa: E731
        tf.identity(tf1.cond(tf.equal(flag, 1), dropped, lambda: weighed), name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.bound == {"is_training:0": 0}
    assert report.proof.verdict == "exact"


@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
def test_dropout_in_a_loop_is_bound(old, tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        keep = tf1.placeholder(tf.float32, [], name="keep_prob")
        weights = variable("w", [4])

        def step(i, state):
            mask = tf.floor(keep + tf.random.uniform(tf.shape(state)))
            return i + 1, tf.tanh(state * weights / keep * mask)

        tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, x])[1], name="y")

    report = freeze(save(build, tmp_path, old=old), outputs="y")
    assert report.bound == {"keep_prob:0": 1.0}
    assert list(report.inputs) == ["x:0"]
    assert report.proof.verdict == "exact"
    assert ("RandomUniform" in ops(report.output)) == bool(report.warnings)


def in_a_branch():
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    training = tf1.placeholder(tf.bool, [], name="is_training")
    weights = variable("w", [4])

    def deeper():
        dropped = lambda: tf.nn.dropout(x, rate=0.5)  # noqa: E731
        return tf1.cond(training, dropped, lambda: x * weights)

    tf.identity(tf1.cond(tf.reduce_sum(x) > 0, deeper, lambda: x), name="y")


def in_a_loop():
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    training = tf1.placeholder(tf.bool, [], name="is_training")
    weights = variable("w", [4])

    def step(i, state):
        dropped = lambda: tf.nn.dropout(state, rate=0.5)  # noqa: E731
        inferring = tf.logical_not(training)
        return i + 1, tf1.cond(inferring, lambda: state * weights, dropped)

    tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, x])[1], name="y")


@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
@pytest.mark.parametrize("build", [in_a_branch, in_a_loop])
def test_a_switch_inside_a_loop_or_a_branch_is_resolved(build, old, tmp_path):
    prefix = save(build, tmp_path, old=old)
    report = freeze(prefix, outputs="y")
    assert report.proof.verdict == "exact"
    assert report.warnings == ()
    assert "RandomUniform" not in ops(report.output)
    feeds = X | {"is_training": False}
    expected = checkpoint_answers(prefix, ["y"], feeds)
    assert np.array_equal(frozen_answers(report.output, ["y"], feeds), expected)


def test_a_switch_of_any_name_is_bound_to_the_side_without_randomness(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        flag = tf1.placeholder(tf.bool, [], name="flag")
        y = tf1.cond(flag, lambda: x * 2, lambda: tf.nn.dropout(x, rate=0.5))
        tf.identity(y + variable("bias", [4]), name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.bound == {"flag:0": True}
    assert report.proof.verdict == "exact"


def test_a_switch_that_is_no_trainings_stays_an_input(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        flag = tf1.placeholder(tf.bool, [], name="flip")
        y = tf1.cond(flag, lambda: x, lambda: -x)
        tf.identity(y + variable("bias", [4]), name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert set(report.inputs) == {"x:0", "flip:0"}
    assert report.bound == {}


def test_a_conditional_on_the_input_stays(tmp_path):
    report = freeze(save(conditional, tmp_path), outputs="y")
    assert ops(report.output) & {"If", "StatelessIf"}


@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
def test_assertions_summaries_and_updates_go_and_are_counted(old, tmp_path):
    report = freeze(save(waiting, tmp_path, old=old), outputs="y")
    assert {"assertion", "summary", "update of a variable"} <= set(report.removed)
    assert not ops(report.output) & {
        "Assert",
        "HistogramSummary",
        "If",
        "Switch",
        "Less",
    }


def test_batch_statistics_left_in_the_graph_are_warned_of(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 2, 2, 4], name="x")
        y, *_ = tf1.nn.fused_batch_norm(x, variable("g", [4]), variable("b", [4]))
        tf.identity(y, name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert any("statistics of the batch" in text for text in report.warnings)


def normalized():
    """A convolution, a depthwise one and a dense layer, each with batch norm."""
    x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    images = tf.nn.conv2d(x, variable("kernel", [3, 3, 3, 4]), 1, "SAME")
    names = ("gamma", "beta", "mean", "variance")
    fused = [variable(name, [4]) for name in names]
    images, *_ = tf1.nn.fused_batch_norm(images, *fused, is_training=False)
    depthwise = variable("depthwise", [3, 3, 4, 2])
    images = tf.nn.depthwise_conv2d(images, depthwise, [1, 1, 1, 1], "SAME")
    mean, variance, beta, gamma = (variable(f"{name}2", [8]) for name in names)
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


def averaged():
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    weights = variable("weights", [4])
    averages = tf1.train.ExponentialMovingAverage(0.9)
    averages.apply([weights])
    tf.multiply(x, weights, name="y")
    average = averages.average(weights)
    return {"weights": weights, average.op.name: tf1.get_variable("other", [4])}


def test_ema_takes_the_moving_averages_and_is_offered(tmp_path):
    prefix = save(averaged, tmp_path)
    plain, ema = freeze(prefix, outputs="y"), None
    ema = freeze(prefix, outputs="y", ema=True, output=tmp_path / "ema.pb")
    reader = tf.train.load_checkpoint(prefix)
    average = reader.get_tensor("weights/ExponentialMovingAverage")
    assert np.array_equal(frozen_answers(ema.output, ["y"], X)[0], X["x"] * average)
    assert ema.proof.verdict == "exact"
    assert verify(ema.output, prefix).proof.verdict == "exact"
    assert any("--ema" in text for text in plain.warnings)


@pytest.mark.parametrize("weights", ["float16", "bfloat16"])
def test_weights_in_16_bits_halve_the_file_and_say_their_error(weights, tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 100], name="x")
        tf.nn.softmax(dense(x, 100, "one"), name="y")

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
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        hidden = tf.nn.relu(dense(x, 5, "one") * 1.05)
        tf.nn.softmax(dense(hidden, 3, "two"), name="y")

    other = save(newer, tmp_path / "other")
    assert verify(report.output, other).proof.verdict == "different"


def test_numbers_too_large_for_float16_are_refused(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 1], name="x")
        tf.multiply(x, tf1.get_variable("huge", initializer=[1e6]), name="y")

    prefix = save(build, tmp_path)
    with pytest.raises(ValueError, match="'huge' has numbers too large for float16"):
        freeze(prefix, outputs="y", weights="float16")
    assert not (tmp_path / "model-ckpt.pb").exists()
    assert freeze(prefix, outputs="y", weights="bfloat16").proof.verdict == "close"


def test_freezing_twice_gives_the_same_file_byte_for_byte(tmp_path):
    prefix = save(switched, tmp_path)
    one = freeze(prefix, outputs="y", output=tmp_path / "1.pb").output
    two = freeze(prefix, outputs="y", output=tmp_path / "2.pb").output
    assert one.read_bytes() == two.read_bytes()


def test_the_default_graph_is_not_touched(tmp_path):
    prefix = save(dropped_by_rate, tmp_path)
    with tf.Graph().as_default() as graph:
        freeze(prefix, outputs="y")
        assert graph.get_operations() == []


def test_the_card_says_where_the_graph_came_from(tmp_path):
    prefix = save(perceptron, tmp_path)
    report = freeze(prefix, outputs="y:0", class_names=["a", "b", "c"])
    card = card_in(read(report.output))
    assert card["class_names"] == ["a", "b", "c"]
    assert (card["input"], card["output"]) == ("x:0", "y:0")
    data = (tmp_path / "model-ckpt.index").read_bytes()
    assert card["checkpoint"]["sha256"]["model-ckpt.index"] == (
        hashlib.sha256(data).hexdigest()
    )
    assert card["checkpoint"]["global_step"] == 0
    assert card["fingerprint"] == fingerprint(read(report.output))


def test_the_fingerprint_does_not_depend_on_order_or_on_defaults(tmp_path):
    graph_def = read(freeze(save(perceptron, tmp_path), outputs="y").output)
    before = fingerprint(graph_def)
    nodes = sorted(graph_def.node, key=lambda node: node.name, reverse=True)
    shuffled = tf1.GraphDef(node=nodes)
    for node in shuffled.node:
        if node.op == "MatMul":
            node.attr["transpose_a"].b = False
            node.attr["_output_shapes"].list.shape.add()
    assert fingerprint(shuffled) == before
    shuffled.node[0].name += "x"
    assert fingerprint(shuffled) != before


def test_the_report_is_a_table_and_json(tmp_path):
    report = freeze(save(perceptron, tmp_path), outputs="y")
    found = json.loads(json.dumps(report.as_json()))
    assert found["proof"]["verdict"] == "exact"
    assert found["fingerprint"] == report.fingerprint
    assert "exact, largest difference 0" in str(report)


@pytest.mark.parametrize(
    ("build", "found"),
    [(perceptron, "y:0"), (dropped_by_rate, "y:0")],
    ids=["loss", "no loss"],
)
def test_the_output_is_found_where_it_is_clear(build, found, tmp_path):
    assert list(freeze(save(build, tmp_path)).outputs) == [found]


def test_several_outputs_are_ranked_with_reasons_where_it_is_not(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        tf.nn.softmax(dense(x, 3, "one"), name="cats")
        tf.nn.softmax(dense(x, 3, "two"), name="dogs")

    prefix = save(build, tmp_path)
    with pytest.raises(ValueError, match="it is not clear which") as error:
        freeze(prefix)
    assert "  cats:0: a Softmax, computed from 2 of 4 variables" in str(error.value)
    assert set(freeze(prefix, outputs=["cats", "dogs:0"]).outputs) == {
        "cats:0",
        "dogs:0",
    }
