"""Networks: names, shapes and parameters; NumPy computes the expected values."""

import math

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import card_of
from helpers.commands.train import NETWORKS as NAMES_OFFERED
from helpers.freezing.by_session import freeze_by_session
from helpers.graphs.model_card import card_in
from helpers.graphs.session_config import session_config
from helpers.training import layers
from helpers.training.calibration import softmax
from helpers.training.network_session import NetworkSession
from helpers.training.networks import NETWORKS, average_names, build

tf1 = tf.compat.v1

CARD = {"class_names": ["cat", "dog"], "image_size": 128, "seed": 1}
AVERAGE = "stem/conv1/kernel/ExponentialMovingAverage"
ALEXNET = {
    "conv1": 34_944,
    "conv2": 614_656,
    "conv3": 885_120,
    "conv4": 1_327_488,
    "conv5": 884_992,
    "dense6": 37_752_832,
    "dense7": 16_781_312,
    "dense8": 4_097_000,
}


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The lesson's network at its real size, untrained, and its checkpoint."""
    session = NetworkSession(build("small", CARD))
    prefix = str(tmp_path_factory.mktemp("lesson") / "model-ckpt")
    session.save(prefix)
    session.write_meta(prefix, CARD)
    yield session, prefix
    session.close()


@pytest.fixture(scope="module")
def images():
    """Eight images of noise, each of another brightness."""
    rng = np.random.default_rng(0)
    light = rng.uniform(0.2, 1, (8, 1, 1, 3))
    return (rng.integers(0, 256, (8, 32, 32, 3)) * light).astype(np.uint8)


@pytest.fixture
def stepped(resnet, images):
    """The network after one step of training, which is undone afterwards."""
    resnet.session.step(images / np.float32(255), np.eye(2)[[0, 1] * 4], 0.05)
    yield resnet.session
    resnet.session.restore(resnet.prefix)


def parameters(network):
    """Trainable parameters by layer, in the order of the graph."""
    counts = {}
    for variable in network.graph.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES):
        layer = variable.op.name.split("/")[0]
        counts[layer] = counts.get(layer, 0) + math.prod(variable.shape)
    return counts


def values(session, names):
    """Variables of a NetworkSession by name."""
    tensors = {name: f"{name}/Read/ReadVariableOp:0" for name in names}
    return session.session.run(tensors)


def run(untrained, tensor, images, **feeds):
    """The value of a tensor; `feeds` names fields of Network."""
    network = untrained.session.network
    fed = {getattr(network, name): value for name, value in feeds.items()}
    return untrained.session.session.run(tensor, {network.x: images / 255, **fed})


def test_small_has_the_lessons_parameters(lesson):
    assert sum(parameters(lesson[0].network).values()) == 2_126_178


def test_alexnet_has_the_lessons_table():
    card = {"class_names": list(map(str, range(1000))), "image_size": 227, "seed": 1}
    counts = parameters(build("alexnet", card))
    assert list(counts.items()) == list(ALEXNET.items())
    assert sum(counts.values()) == 62_378_344


def test_resnet_has_at_most_one_and_a_half_million_parameters(resnet):
    assert 500_000 < sum(parameters(resnet.session.network).values()) <= 1_500_000


def test_two_thirds_of_the_lessons_checkpoint_are_adams(lesson):
    sizes = {"Adam": 0, "weights": 0}
    for name, shape in tf.train.list_variables(lesson[1]):
        sizes["Adam" if "/Adam" in name else "weights"] += 4 * math.prod(shape)
    assert sizes["Adam"] == pytest.approx(2 * sizes["weights"], rel=1e-5)
    assert sum(sizes.values()) == pytest.approx(25.5e6, rel=0.01)


def test_the_lessons_graph_frozen_is_about_8_5_mb(lesson):
    graph_def = freeze_by_session(f"{lesson[1]}.meta", lesson[1])
    assert graph_def.ByteSize() == pytest.approx(8.5e6, rel=0.01)


def test_placeholders_and_output_have_the_lessons_names_and_shapes(lesson):
    network = lesson[0].network
    ends = (network.x, network.y_true, network.y_pred)
    assert [end.name for end in ends] == ["x:0", "y_true:0", "y_pred:0"]
    assert network.x.dtype == tf.float32
    shapes = [end.shape.as_list() for end in ends]
    assert shapes == [[None, 128, 128, 3], [None, 2], [None, 2]]


def test_a_network_has_as_many_outputs_as_there_are_classes():
    network = build("small", CARD | {"class_names": ["cat", "dog", "rabbit"]})
    assert network.y_pred.shape.as_list() == [None, 3]


def test_is_training_is_a_placeholder_that_defaults_to_false(resnet):
    switch = resnet.session.network.is_training
    assert (switch.name, switch.op.type) == ("is_training:0", "PlaceholderWithDefault")
    assert not resnet.session.session.run(switch)


def test_the_lessons_network_has_no_is_training(small):
    assert small.session.network.is_training is None
    names = {op.name for op in small.session.network.graph.get_operations()}
    assert "is_training" not in names


def test_a_network_is_built_in_a_graph_of_its_own(small, resnet):
    before = len(tf1.get_default_graph().get_operations())
    graph = build("small", CARD).graph
    assert graph not in (small.session.network.graph, resnet.session.network.graph)
    assert len(tf1.get_default_graph().get_operations()) == before


def test_the_graph_and_the_meta_file_contain_the_card(lesson):
    assert card_in(lesson[0].network.graph.as_graph_def()) == CARD
    assert card_of(f"{lesson[1]}.meta") == CARD


@pytest.mark.parametrize("name", ["small", "resnet"])
def test_probabilities_are_the_softmax_of_the_logits(request, images, name):
    session = request.getfixturevalue(name).session
    expected = softmax(session.logits(images))
    assert expected.std(axis=0).min() > 1e-5  # they differ
    np.testing.assert_allclose(session.predict(images), expected, atol=1e-6)


def test_the_loss_is_the_mean_cross_entropy(small, images):
    targets = np.eye(2)[[0, 1] * 4]
    loss = run(small, small.session.network.loss, images, y_true=targets)
    right = (small.session.predict(images) * targets).sum(axis=1)
    assert loss == pytest.approx(-np.log(right).mean(), rel=1e-5)


def test_the_accuracy_is_the_share_that_is_right(small, images):
    likeliest = small.session.predict(images).argmax(axis=1)
    targets = np.eye(2)[[*likeliest[:6], *(1 - likeliest[6:])]]
    network = small.session.network
    assert run(small, network.accuracy, images, y_true=targets) == 0.75


@pytest.mark.parametrize(("seed", "same"), [(1, True), (2, False)])
def test_the_seed_determines_the_first_weights(lesson, seed, same):
    other = NetworkSession(build("small", CARD | {"seed": seed}))
    one, another = (
        values(session, ["conv1/kernel"])["conv1/kernel"]
        for session in (lesson[0], other)
    )
    assert np.array_equal(one, another) is same
    other.close()


@pytest.mark.parametrize("name", ["small", "resnet"])
def test_a_prediction_is_the_same_every_time(request, images, name):
    session = request.getfixturevalue(name).session
    assert np.array_equal(session.predict(images), session.predict(images))


def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(resnet, images):
    alone = resnet.session.predict(images[:1])
    among = resnet.session.predict(images)[:1]
    np.testing.assert_allclose(alone, among, atol=1e-5)


def test_inference_computes_each_image_once(resnet, images):
    assert len(run(resnet, "stem/conv1/Conv2D:0", images)) == len(images)


def test_excitation_scales_channels_by_their_means():
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.set_random_seed(1)
        images = np.random.default_rng(0).random((2, 4, 4, 64))
        images = tf.constant(images, tf.float32)
        scaled = layers.excitation(images)
        session.run(tf1.global_variables_initializer())
        before, after = session.run([images, scaled])
    factors = after / before
    np.testing.assert_allclose(factors, factors[:, :1, :1] + 0 * factors, rtol=1e-5)
    assert np.all((factors > 0) & (factors < 1))
    assert np.ptp(factors, axis=-1).min() > 1e-3  # each channel has its own


def test_dropout_makes_training_vary(resnet, images):
    first, second = (
        run(resnet, "y_pred:0", images, is_training=True) for _ in range(2)
    )
    assert not np.allclose(first, second, atol=1e-4)


def test_training_normalizes_by_the_batch(resnet, images):
    tensor = "stage1/block0/Relu:0"
    inference = run(resnet, tensor, images)
    training = run(resnet, tensor, images, is_training=True)
    assert not np.allclose(inference, training, atol=0.1)


def test_training_moves_the_statistics(resnet, stepped):
    stored = tf.train.load_checkpoint(resnet.prefix)
    moved = values(stepped, ["stem/norm1/mean", "stem/norm1/variance"])
    assert not any(np.allclose(moved[name], stored.get_tensor(name)) for name in moved)


def test_predicting_changes_no_statistics(resnet, images):
    names = ["stem/norm1/mean", "stem/norm1/variance"]
    before = values(resnet.session, names)
    resnet.session.predict(images)
    after = values(resnet.session, names)
    assert all(np.array_equal(before[name], after[name]) for name in names)


def test_only_the_resnet_has_moving_averages_and_none_of_optimizer_slots(small, resnet):
    assert not average_names(small.session.network.graph)
    averaged = average_names(resnet.session.network.graph)
    statistics = {f"stem/norm1/{name}" for name in ("mean", "variance", "gamma")}
    assert {"stem/conv1/kernel", *statistics} <= set(averaged)
    assert not [name for name in averaged if "Momentum" in name]


def test_moving_averages_have_tensorflows_own_names(resnet):
    graph = resnet.session.network.graph
    averages = tf1.train.ExponentialMovingAverage(0.9)
    for variable in graph.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES):
        own = averages.average_name(variable)
        assert average_names(graph)[variable.op.name] == own


def test_an_average_lies_between_the_old_value_and_the_new(resnet, stepped):
    old = tf.train.load_variable(resnet.prefix, "stem/conv1/kernel")
    new, average = values(stepped, ["stem/conv1/kernel", AVERAGE]).values()
    assert np.all(np.abs(average - old) <= np.abs(new - old) + 1e-7)
    assert not np.allclose(average, new, atol=1e-5)


def test_folding_puts_the_averages_in_the_variables_place(stepped):
    (average,) = values(stepped, [AVERAGE]).values()
    stepped.fold_averages()
    assert np.array_equal(*values(stepped, ["stem/conv1/kernel", AVERAGE]).values())
    assert np.array_equal(*values(stepped, [AVERAGE]).values(), average)


@pytest.mark.parametrize("wanted", [True, False])
def test_bfloat16_is_a_setting_of_the_session(wanted):
    rewrite = session_config(bfloat16=wanted).graph_options.rewrite_options
    assert rewrite.auto_mixed_precision_onednn_bfloat16 == int(wanted)


def test_the_command_line_offers_every_network():
    assert set(NAMES_OFFERED) == set(NETWORKS)
