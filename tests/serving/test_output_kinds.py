"""Outputs of other forms than rows of probabilities, and what `serve` assumes."""

import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.serving.assumptions import assumptions
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.predict_files import answer_for
from tests.serving.made_graphs import (
    BLUE,
    PAIR,
    RED,
    RGB,
    filled,
    logit,
    refusal,
    sigmoid,
    softmax,
    write_graph,
)

BOTH = np.concatenate([filled(RED), filled(BLUE)])
KERNEL = np.float32([[0.5, 0.1], [0.1, 0.2], [0.1, 0.3]])  # sums of 0 to 0.7


# Logarithms, and decisions


def test_a_log_softmax_is_answered_as_probabilities(net):
    path = net(lambda means: tf.nn.log_softmax(5 * means))
    with FrozenModel.load(path, stated=RGB) as model:
        rows = model.predict(BOTH)
        assert any("ends in LogSoftmax" in note for note in model.notes)
    np.testing.assert_allclose(rows[0], tf.nn.softmax([5.0, 0, 0]), atol=1e-6)


def test_a_log_softmax_stated_to_be_probabilities_is_refused(net):
    path = net(lambda means: tf.nn.log_softmax(5 * means))
    message = refusal(path, output_is="probabilities", **RGB)
    assert "logarithms of probabilities already; output_is must be 'logits'" in message


def test_logarithms_that_are_written_out_are_named(net):
    path = net(lambda means: tf.math.log(softmax(means)))
    assert "may be logarithms of probabilities" in refusal(path, **RGB)


@pytest.mark.parametrize(
    "head",
    [
        lambda means: tf.argmax(means, 1),
        lambda means: tf.cast(tf.argmax(means, 1), tf.float32),
        lambda means: tf.strings.as_string(tf.argmax(means, 1)),
        lambda means: means > 0.5,
        lambda means: tf.cast(means, tf.complex64),
    ],
    ids=["numbers", "decimals", "texts", "booleans", "complex"],
)
def test_decisions_are_values(net, head):
    with FrozenModel.load(net(head), stated=RGB) as model:
        assert (model.output_is, model.class_names) == ("values", ())
        assert len(model.predict(BOTH)) == 2
        assert any("it is answered as it is" in note for note in model.notes)


def test_the_highest_scores_are_not_those_of_the_classes_in_order(net):
    path = net(lambda means: tf.math.top_k(softmax(means), 3).values)
    with FrozenModel.load(path, stated=RGB) as model:
        assert model.output_is == "values"
    message = refusal(path, output_is="probabilities", **RGB)
    assert "does not answer one number a class" in message


def test_as_many_numbers_as_a_photo_has_are_values(net):
    path = net(lambda means: tf.boolean_mask(means, means > 0.5))
    with FrozenModel.load(path, stated={"pixels": "0..1", "output_is": "values"}) as m:
        found = m.run_photo(filled((255, 255, 0))[0])["answer"]
        assert found.tolist() == [1, 1]
        assert not any("random" in note for note in m.notes)


def test_answers_that_are_drawn_at_random_are_noted(net):
    path = net(lambda means: softmax(means * tf.random.uniform([1, 3])))
    with FrozenModel.load(path, stated=RGB) as model:
        assert any("draws random numbers" in note for note in model.notes)


def test_complex_values_are_pairs_in_json(net):
    path = net(lambda means: tf.complex(means, means + 1))
    with FrozenModel.load(path, stated={"pixels": "0..1"}) as model:
        found = answer_for(model, filled(RED)[0])["outputs"]["answer"]
    np.testing.assert_allclose(found, [[[1, 2], [0, 1], [0, 1]]])


def test_decisions_are_no_probabilities(net):
    path = net(lambda means: tf.argmax(means, 1))
    message = refusal(path, output_is="probabilities", **RGB)
    assert "is int64, which holds no probabilities" in message


# Answers without an axis for the batch


@pytest.mark.parametrize(
    "head",
    [
        lambda means: tf.squeeze(softmax(means)),
        lambda means: tf.reshape(softmax(means), [3]),
        lambda means: tf.reshape(softmax(means), [-1]),
        lambda means: tf.reshape(softmax(means), [1, 3]),
    ],
    ids=["squeezed", "reshaped", "flat", "one row"],
)
@pytest.mark.parametrize("batch", [1, None])
def test_a_row_without_an_axis_for_the_batch_is_served(net, head, batch):
    path = net(head, shape=(batch, 8, 8, 3))
    with FrozenModel.load(path, stated=RGB) as model:
        assert model.predict(BOTH).argmax(axis=1).tolist() == [0, 2]
        assert model.predict(BOTH[:1]).shape == (1, 3)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (lambda means: tf.squeeze(sigmoid(means)), "sigmoid"),
        (lambda means: sigmoid(means)[:, 0], "sigmoid"),
        (lambda means: tf.squeeze(logit(means)), "logits"),
    ],
)
def test_one_number_without_axes_is_two_classes(net, head, kind):
    path = net(head, shape=(1, 8, 8, 3))
    with FrozenModel.load(path, stated=PAIR | {"output_is": kind}) as model:
        assert model.output_is == "probabilities"
        row = model.predict(filled((255,) * 3))[0]
    np.testing.assert_allclose(row[1], tf.sigmoid(3.0), atol=1e-5)


def test_two_squeezed_sigmoids_stay_two(net):
    path = net(lambda means: tf.squeeze(tf.sigmoid(8 * means[:, :2] - 4)))
    with FrozenModel.load(path, stated=PAIR | {"output_is": "sigmoid"}) as model:
        assert model.output_is == "sigmoid"
        assert model.predict(filled((255, 255, 0)))[0].min() > 0.9


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (lambda means: tf.reduce_sum(means), (2,)),
        (lambda means: tf.reshape(means, [3]), (2, 3)),
    ],
)
def test_values_without_an_axis_for_the_batch_get_one(net, head, shape):
    path = net(head, shape=(1, 8, 8, 3))
    with FrozenModel.load(path, stated={"pixels": "0..1", "output_is": "values"}) as m:
        found = m.predict(BOTH)
    assert found.shape == shape
    np.testing.assert_allclose(found.sum(), 2, rtol=1e-5)


# Numbers that only look like probabilities


@pytest.mark.parametrize("bias", [0.0, 0.1])
def test_sums_of_a_layer_between_0_and_1_are_no_sigmoids(net, bias):
    path = net(lambda means: tf.nn.bias_add(means @ KERNEL, [bias, bias]))
    message = refusal(path, output_is="sigmoid", **PAIR)
    assert "has the sums of a layer, without an activation" in message
    assert "may be logits" in refusal(path, **PAIR)


def test_a_sigmoid_that_no_op_shows_is_noted(net):
    path = net(lambda means: means[:, :2])
    with FrozenModel.load(path, stated=PAIR | {"output_is": "sigmoid"}) as model:
        assert any("is taken for a sigmoid, as stated" in note for note in model.notes)


def test_percentages_are_not_taken_for_logits(net):
    message = refusal(net(lambda means: 100 * softmax(means)), **RGB)
    assert "may be shares of 100" in message
    assert "logits" not in message.partition("may be")[2].partition(";")[0]


# What `serve` assumes


def assumed(path, card: dict, **stated) -> dict:
    path.with_suffix(".json").write_text(json.dumps(card))
    return {item.field: item.value for item in assumptions(path, stated)}


@pytest.mark.parametrize("where", ["card", "options"])
def test_one_logit_is_two_classes_where_anything_says_so(net, where):
    kind = {"output_is": "logits"}
    card, stated = (kind, {}) if where == "card" else ({}, kind)
    found = assumed(net(logit), card | {"pixels": "0..1"}, **stated)
    assert found == {"class_names": ["class 0", "class 1"]}


def test_log_softmax_names_its_classes(net):
    path = net(lambda means: tf.nn.log_softmax(5 * means))
    assert len(assumed(path, {"pixels": "0..1"})["class_names"]) == 3


@pytest.mark.parametrize("head", [lambda means: tf.reduce_sum(means), tf.identity])
def test_other_numbers_are_assumed_to_be_values(net, head):
    path = net(head, shape=(1, 8, 8, 3))
    assert assumed(path, {"pixels": "0..1"}) == {"output_is": "values"}


def test_an_answer_that_is_nan_for_black_has_a_count(net):
    path = net(lambda means: means / tf.reduce_sum(means, 1, keepdims=True))
    assert len(assumed(path, {"pixels": "0..1"})["class_names"]) == 3


def test_values_of_a_network_that_no_test_input_fits_have_no_class_names(tmp_path):
    def build():
        vector = tf1.placeholder(tf.float32, [None, None], "vector")
        tf.nn.softmax(tf.reshape(vector, [-1, 7777]), name="answer")

    path = write_graph(tmp_path / "net.pb", build)
    stated = {"class_names": ["a", "b"], "output_is": "values"}
    with FrozenModel.load(path, stated=stated) as model:
        assert model.class_names == ()
