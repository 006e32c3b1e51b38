"""Batch norms of a graph saved while training take their moving averages on request.

The oracle is the same network built for inference, with the same checkpoint.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from tensorflow.python.training import moving_averages
from tf_keras.layers import BatchNormalization
from tf_keras.src.legacy_tf_layers.normalization import batch_normalization

from helpers.__main__ import cli
from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import dense, frozen_answers, variable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`tf.layers.batch_normalization`"),
]

tf1 = tf.compat.v1
OPTION = "--inference-batch-norm"


def kept(name: str, value: float, channels: int, **how):
    """A variable that is not trained."""
    start = tf1.constant_initializer(value)
    how = {"initializer": start, "trainable": False} | how
    return tf1.get_variable(name, [channels], **how)


def averages(channels: int):
    return kept("moving_mean", 0, channels), kept("moving_variance", 1, channels)


def update(*ops) -> None:
    for op in ops:
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, op)


def axes_of(x, axis: int) -> list[int]:
    return [number for number in range(x.shape.rank) if number != axis % x.shape.rank]


def tf_layers(x, training: bool, axis: int, fused: bool | None = None):
    """tf.layers.batch_normalization, which tf_keras still has."""
    how = {"axis": axis, "training": training, "fused": fused}
    return batch_normalization(x, momentum=0.9, **how)


def tf_layers_fused(x, training: bool, axis: int):
    return tf_layers(x, training, axis, fused=x.shape.rank == 4)


def tf_layers_unfused(x, training: bool, axis: int):
    return tf_layers(x, training, axis, fused=False)


def keras(x, training: bool, axis: int):
    layer = BatchNormalization(axis=axis, momentum=0.9, name="keras")
    y = layer(x, training=training)
    update(*layer.updates)
    return y


def scaled(x, mean, spread, axis: int):
    """tf.nn.batch_normalization with a scale and an offset per channel."""
    channels = x.shape[axis]
    shape = [1] * x.shape.rank
    shape[axis] = channels
    terms = [mean, spread, variable("beta", [channels]), variable("gamma", [channels])]
    if axis != -1:
        terms = [tf.reshape(term, shape) for term in terms]
    return tf.nn.batch_normalization(x, *terms, 1e-3)


def slim(x, training: bool, axis: int):
    """As slim.batch_norm writes it, with its debiased moving mean."""
    mean, spread = averages(x.shape[axis])
    if training:
        now = tf.nn.moments(x, axes_of(x, axis))
        update(
            moving_averages.assign_moving_average(mean, now[0], 0.9, zero_debias=True),
            moving_averages.assign_moving_average(spread, now[1], 0.9),
        )
        mean, spread = now
    return scaled(x, mean, spread, axis)


def slim_fused(x, training: bool, axis: int):
    """As slim.batch_norm with fused=True; unfused after a dense layer."""
    if x.shape.rank == 2:
        return slim(x, training, axis)
    channels = x.shape[axis]
    terms = [variable("gamma", [channels]), variable("beta", [channels])]
    moving, how = averages(channels), {"data_format": "NHWC" if axis == -1 else "NCHW"}
    if not training:
        return tf1.nn.fused_batch_norm(x, *terms, *moving, is_training=False, **how)[0]
    y, *now = tf1.nn.fused_batch_norm(x, *terms, **how)
    for old, new in zip(moving, now, strict=True):
        update(moving_averages.assign_moving_average(old, new, 0.9, zero_debias=False))
    return y


def debiased(x, training: bool, axis: int):
    """Keras 2 on TensorFlow 1.0 to 1.13: the variance is corrected."""
    moving = averages(x.shape[axis])
    now = moving
    if training:
        axes = axes_of(x, axis)
        now = tf.nn.moments(x, axes)
        count = tf.cast(tf.reduce_prod([tf.shape(x)[a] for a in axes]), tf.float32)
        corrected = now[0], now[1] * (count / (count - 1.001))
        for old, new in zip(moving, corrected, strict=True):
            update(*_debiased_update(old, new, tf.constant(0.1)))
    return scaled(x, *now, axis)


def _debiased_update(variable, value, rate):
    """assign_moving_average with zero_debias, before TensorFlow 1.14."""
    biased = tf.Variable(tf.zeros_like(variable), trainable=False)
    step = tf.Variable(0.0, trainable=False)
    done = [biased.assign_sub((biased - value) * rate).op, step.assign_add(1.0).op]
    with tf.control_dependencies(done):
        share = 1 - tf.pow(1.0 - rate, step.read_value())
        delta = variable - biased.read_value() / share
    return [*done, variable.assign_sub(delta).op]


def tflearn(x, training: bool, axis: int, cond: bool = False):
    """As tflearn writes it: the batch's moments wait for their updates."""
    moving = averages(x.shape[axis])

    def updated():
        now = tf.nn.moments(x, axes_of(x, axis))
        average = moving_averages.assign_moving_average
        pairs = zip(moving, now, strict=True)
        done = [average(*pair, 0.9, zero_debias=False) for pair in pairs]
        with tf.control_dependencies(done):
            return [tf.identity(value) for value in now]

    now = moving
    if training:
        always = tf.constant(True)
        now = tf1.cond(always, updated, lambda: list(moving)) if cond else updated()
    return scaled(x, *now, axis)


def tflearn_under_cond(x, training: bool, axis: int):
    return tflearn(x, training, axis, cond=True)


def average_object(x, training: bool, axis: int):
    """tf.train.ExponentialMovingAverage of the two moments."""
    now = tf.nn.moments(x, axes_of(x, axis), name="now")
    average = tf1.train.ExponentialMovingAverage(0.9)
    update(average.apply(now))
    if not training:
        now = [average.average(value) for value in now]
    return scaled(x, *now, axis)


def assigned(x, training: bool, axis: int):
    """By hand: tf.assign of a weighted sum, and the normalization waits for it."""
    moving = averages(x.shape[axis])
    if not training:
        return scaled(x, *moving, axis)
    now = tf.nn.moments(x, axes_of(x, axis))
    done = [
        tf1.assign(old, old * 0.9 + new * (1 - 0.9)).op
        for old, new in zip(moving, now, strict=True)
    ]
    with tf.control_dependencies(done):
        return scaled(x, *now, axis)


def of_squares(x, training: bool, axis: int):
    """The variance as the mean of the squares less the square of the mean."""
    moving = averages(x.shape[axis])
    if training:
        axes = axes_of(x, axis)
        mean = tf.reduce_mean(x, axes, keepdims=True)
        spread = tf.reduce_mean(x * x, axes, keepdims=True) - tf.square(mean)
        for old, new in zip(moving, (mean, spread), strict=True):
            update(tf1.assign_add(old, 0.1 * (tf.reshape(new, old.shape) - old)))
    else:
        shape = [1] * x.shape.rank
        shape[axis] = x.shape[axis]
        mean, spread = (tf.reshape(value, shape) for value in moving)
    y = (x - mean) / tf.sqrt(spread + 1e-3)
    return y if axis == 1 and x.shape.rank > 2 else y * variable("gamma", y.shape[-1:])


def first_tensorflow(x, training: bool, axis: int):
    """Moments as TensorFlow 0.8 to 1.0 computed them, with a shift."""
    moving = averages(x.shape[axis])
    now = moving
    if training:
        axes = axes_of(x, axis)
        shift = tf.stop_gradient(tf.reduce_mean(x, axes, keepdims=True))
        moved = tf.reduce_mean(x - shift, axes)
        squares = tf.reduce_mean(tf.math.squared_difference(x, shift), axes)
        now = moved + tf.squeeze(shift, axes), squares - tf.square(moved)
        for old, new in zip(moving, now, strict=True):
            update(moving_averages.assign_moving_average(old, new, 0.9, False))
    return scaled(x, *now, axis)


USUAL = (tf_layers, slim_fused, keras, tflearn_under_cond)
OTHERS = (tf_layers_fused, tf_layers_unfused, slim, debiased, tflearn, average_object)
OTHERS += (assigned, of_squares, first_tensorflow)
NORMS = (*USUAL, *(pytest.param(norm, marks=pytest.mark.ci) for norm in OTHERS))
LAYERS = {"conv_last": -1, "conv_first": 1, "dense": -1}  # the axis of the channels
X = np.random.default_rng(99).normal(1, 2, (3, 6, 6, 3)).astype(np.float32)


def network(norm: Callable, training: bool) -> None:
    """Batch norms after a convolution, one with channels first, and a dense layer."""
    hidden = tf1.placeholder(tf.float32, [None, 6, 6, 3], name="x")
    for name, axis in LAYERS.items():
        with tf1.variable_scope(name):
            if name == "dense":
                hidden = dense(tf.reduce_mean(hidden, [1, 2]), 5, "dense")
            else:
                kernel = variable("kernel", [3, 3, hidden.shape[-1], 5])
                hidden = tf.nn.conv2d(hidden, kernel, 1, "SAME")
            if axis == 1:
                hidden = tf.transpose(hidden, [0, 3, 1, 2])
            hidden = norm(hidden, training, axis)
            if axis == 1:
                hidden = tf.transpose(hidden, [0, 2, 3, 1])
            hidden = tf.nn.relu(hidden)
    tf.identity(dense(hidden, 3, "last"), name="y")


def train(norm: Callable, folder: Path, *, steps: int = 30, **how) -> str:
    """Save the training graph after runs of its updates; return the prefix.

    Args:
      steps: the number of runs.
      how: `variables`: a function that returns the variables to save.
    """
    rng = np.random.default_rng(1)
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        tf1.set_random_seed(7)
        network(norm, True)
        saver = tf1.train.Saver(how["variables"]() if how else None)
        session.run(tf1.global_variables_initializer())
        ops = [graph.get_tensor_by_name("y:0"), tf1.get_collection("update_ops")]
        for _ in range(steps):
            session.run(ops, {"x:0": rng.normal(1, 2, (8, 6, 6, 3))})
        return saver.save(session, f"{folder}/model-ckpt")


def in_inference(norm: Callable, prefix: str) -> np.ndarray:
    """What the network built for inference answers, restored by TensorFlow's Saver."""
    with tf.Graph().as_default(), tf1.Session() as session:
        network(norm, False)
        tf1.train.Saver().restore(session, prefix)
        return session.run("y:0", {"x:0": X})


def switched(prefix: str, **how):
    return freeze(prefix, outputs="y", inference_batch_norm=True, **how)


def warned(report) -> list[str]:
    """The warnings about the statistics of batches."""
    return [text for text in report.warnings if "statistics of the batch" in text]


def answers(report) -> np.ndarray:
    return frozen_answers(report.output, ["y"], {"x": X})[0]


@pytest.mark.parametrize("norm", NORMS)
def test_a_training_graph_answers_as_the_network_built_for_inference(norm, tmp_path):
    prefix = train(norm, tmp_path)
    report = switched(prefix)
    wanted = in_inference(norm, prefix)
    np.testing.assert_allclose(answers(report), wanted, rtol=1e-5)
    assert report.proof.verdict == "exact"
    assert "in it 3 batch norms take their moving averages, and" in report.proof.note
    assert warned(report) == []


@pytest.fixture
def of_references():
    """Variables and control flow as TensorFlow 1 makes them."""
    tf1.disable_resource_variables()
    tf1.disable_control_flow_v2()
    yield
    tf1.enable_resource_variables()
    tf1.enable_control_flow_v2()


@pytest.mark.ci
@pytest.mark.parametrize(
    "norm", [tf_layers, tf_layers_unfused, slim, tflearn_under_cond, average_object]
)
def test_graphs_of_reference_variables_are_switched_too(norm, of_references, tmp_path):
    prefix = train(norm, tmp_path)
    wanted = in_inference(norm, prefix)
    report = switched(prefix)
    np.testing.assert_allclose(answers(report), wanted, rtol=1e-5)
    assert warned(report) == []


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    return train(tf_layers_unfused, tmp_path_factory.mktemp("trained"))


def test_the_batch_matters_only_without_the_option(prefix, tmp_path):
    def differs(report) -> bool:
        feeds = ({"x": X}, {"x": X[:1]})
        whole, one = (frozen_answers(report.output, ["y"], f)[0] for f in feeds)
        return abs(whole[:1] - one).max() > 1e-3

    assert differs(freeze(prefix, outputs="y", output=tmp_path / "batch.pb"))
    assert not differs(switched(prefix, output=tmp_path / "moving.pb"))


def test_the_warning_names_the_option_and_the_averages_where_it_works(prefix, tmp_path):
    report = freeze(prefix, outputs="y", output=tmp_path / "y.pb")
    assert len(warned(report)) == 3
    name = "conv_last/batch_normalization/moving_"
    said = f"{OPTION} takes the moving averages {name}mean and {name}variance"
    assert warned(report)[0].endswith(said)


def without_updates(x, training: bool, axis: int):
    return scaled(x, *tf.nn.moments(x, axes_of(x, axis)), axis)


def mean_only(x, training: bool, axis: int):
    now = tf.nn.moments(x, axes_of(x, axis))
    mean, _ = averages(x.shape[axis])
    update(moving_averages.assign_moving_average(mean, now[0], 0.9, False))
    return scaled(x, *now, axis)


def twice(x, training: bool, axis: int):
    now = tf.nn.moments(x, axes_of(x, axis))
    for scope in ("one", "two"):
        with tf1.variable_scope(scope):
            for old, new in zip(averages(x.shape[axis]), now, strict=True):
                update(moving_averages.assign_moving_average(old, new, 0.9, False))
    return scaled(x, *now, axis)


def looped(x, training: bool, axis: int):
    """The moments of the state of a loop."""
    moving = averages(x.shape[axis])

    def step(i, state):
        now = tf.nn.moments(state, axes_of(x, axis))
        average = moving_averages.assign_moving_average
        pairs = zip(moving, now, strict=True)
        done = [average(*pair, 0.9, zero_debias=False) for pair in pairs]
        with tf.control_dependencies(done):
            return i + 1, scaled(state, *map(tf.identity, now), axis)

    tf1.disable_control_flow_v2()
    try:
        return tf1.while_loop(lambda i, _: i < 2, step, [0, x])[1]
    finally:
        tf1.enable_control_flow_v2()


WITHOUT = {
    "in a loop": (looped, {}, "it is inside a loop"),
    "no update": (without_updates, {}, "no update of a moving average takes its"),
    "no update of the variance": (mean_only, {}, "takes its variance"),
    "two averages": (twice, {}, "several moving averages: conv_last/one/moving_mean,"),
    "never updated": (tf_layers, {"steps": 0}, "training never ran their updates"),
    "not saved": (
        tf_layers_unfused,
        {"variables": tf1.trainable_variables},
        "moving_mean is not in the checkpoint",
    ),
}


@pytest.mark.parametrize(("norm", "how", "why"), WITHOUT.values(), ids=WITHOUT)
def test_the_reason_is_said_where_the_option_does_not_work(norm, how, why, tmp_path):
    prefix = train(norm, tmp_path, **how)
    warnings = warned(freeze(prefix, outputs="y"))
    assert [f"{OPTION} cannot help: " in text for text in warnings] == [True] * 3
    with pytest.raises(FreezeError, match="no batch norm can take its moving") as error:
        switched(prefix)
    assert why in error.value.cause
    assert error.value.fix == f"leave {OPTION} out"


def test_a_graph_for_inference_needs_no_option(prefix, tmp_path):
    with tf.Graph().as_default(), tf1.Session() as session:
        network(tf_layers_unfused, False)
        saver = tf1.train.Saver()
        saver.restore(session, prefix)
        own = saver.save(session, f"{tmp_path}/model-ckpt")
    assert warned(freeze(own, outputs="y")) == []
    with pytest.raises(FreezeError, match="the outputs need none that is in training"):
        switched(own)


def with_made_up_op(prefix: str, folder: Path, before: str | None) -> str:
    """A copy of the checkpoint with an op that no TensorFlow has, before an op."""
    for file in Path(prefix).parent.glob("model-ckpt.*"):
        shutil.copy(file, folder)
    path = folder / "model-ckpt.meta"
    meta = tf1.MetaGraphDef.FromString(path.read_bytes())
    node = meta.graph_def.node.add(name="made_up", op="MadeUpOp")
    node.input.append("y")
    for reader in meta.graph_def.node:
        if reader.name == before:
            node.input[0], reader.input[0] = reader.input[0], "made_up"
    path.write_bytes(meta.SerializeToString())
    return str(path).removesuffix(".meta")


def test_an_unknown_op_that_only_training_needs_is_no_hindrance(prefix, tmp_path):
    report = switched(with_made_up_op(prefix, tmp_path, None))
    assert report.proof.verdict == "exact"
    assert verify(report.output, prefix).proof.verdict == "exact"


@pytest.mark.parametrize("before", ["y", "conv_last/Conv2D"])
def test_an_unknown_op_that_the_output_needs_is_named(before, prefix, tmp_path):
    own = with_made_up_op(prefix, tmp_path, before)
    with pytest.raises(FreezeError, match=r"op MadeUpOp \('made_up'\) is not regist"):
        switched(own)
    assert not list(tmp_path.glob("*.pb"))


@pytest.mark.parametrize("how", [{"fold": True}, {"weights": "float16"}], ids=str)
def test_the_switch_goes_with_other_options(how, prefix, tmp_path):
    report = switched(prefix, output=tmp_path / "y.pb", **how)
    wanted = in_inference(tf_layers_unfused, prefix)
    np.testing.assert_allclose(answers(report), wanted, rtol=1e-2)
    assert report.removed.get("batch normalization", 0) == 2 * how.get("fold", 0)


def test_verify_switches_as_the_card_says(prefix, tmp_path):
    report = switched(prefix, output=tmp_path / "y.pb")
    assert report.card["inference_batch_norm"] is True
    assert verify(report.output, prefix).proof.verdict == "exact"


def test_the_command_reports_the_pass(prefix, tmp_path):
    run = CliRunner().invoke(
        cli,
        ["freeze", prefix, "--output-node-names", "y", OPTION, "--json"],
    )
    steps = {step["name"]: step for step in json.loads(run.stdout)["passes"]}
    assert steps["average_batch_norms"]["changes"] == 3


def test_the_table_of_passes_has_the_switch_only_on_request(prefix, tmp_path):
    table = switched(prefix, output=tmp_path / "y.pb").passes_table()
    assert "inference average_batch_norms            3" in " ".join(table.split(" "))
    plain = freeze(prefix, outputs="y", output=tmp_path / "plain.pb").passes_table()
    assert "average_batch_norms" not in plain
