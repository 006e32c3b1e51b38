"""What an output is, is checked with probes, and agreed with the user."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.serving.frozen_model import FrozenModel, NonFiniteAnswer
from helpers.serving.output_checks import probe_photos
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

WHITE = (255, 255, 255)


def answered(path, photo, **stated):
    with FrozenModel.load(path, stated=stated) as model:
        return model.predict(photo)[0]


def test_probes_are_of_many_kinds_and_any_shape():
    probes = probe_photos(5, 9)
    assert (probes.shape[1:], probes.dtype) == ((5, 9, 3), np.uint8)
    assert len(np.unique(probes.reshape(len(probes), -1), axis=0)) == len(probes)


def test_logits_get_their_softmax_when_that_is_said(net):
    path = net(lambda means: 8 * means - 4)
    row = answered(path, filled(RED), output_is="logits", **RGB)
    np.testing.assert_allclose(row, tf.nn.softmax([4.0, -4, -4]), atol=1e-6)


def test_logits_are_not_served_as_probabilities(net):
    message = refusal(net(lambda means: 8 * means - 4), **RGB)
    assert "answer answers" not in message
    assert "these may be logits, of which --output-is logits makes" in message
    assert "probabilities, logits, sigmoid, values" in message


@pytest.mark.parametrize(
    ("head", "kind"), [(sigmoid, "sigmoid"), (logit, "logits")], ids=["one", "logit"]
)
def test_one_number_becomes_two_classes_when_that_is_said(net, head, kind):
    row = answered(net(head), filled(WHITE), output_is=kind, **PAIR)
    share = tf.sigmoid(3.0)
    np.testing.assert_allclose(row, [1 - share, share], atol=1e-6)


def test_one_sigmoid_in_a_vector_becomes_two_classes(net):
    path = net(lambda means: sigmoid(means)[:, 0])
    row = answered(path, filled(WHITE), output_is="sigmoid", **PAIR)
    assert row.argmax() == 1


def test_one_sigmoid_is_asked_about(net):
    message = refusal(net(sigmoid), **PAIR)
    assert "does not say its kind of output" in message
    assert '{"output_is": "sigmoid"}, or give --output-is' in message


def test_one_sigmoid_is_no_distribution(net):
    message = refusal(net(sigmoid), output_is="probabilities", **PAIR)
    assert "say which with --output-is sigmoid or logits" in message


def test_several_sigmoids_are_independent_probabilities(net):
    path = net(lambda means: tf.sigmoid(8 * means - 4))
    with FrozenModel.load(path, stated=RGB | {"output_is": "sigmoid"}) as model:
        assert model.output_is == "sigmoid"
        row = model.predict(filled((255, 255, 0)))[0]
        assert model.named(row)["r"] == model.named(row)["g"] > 0.9


@pytest.mark.parametrize(
    ("head", "kind"), [(softmax, "logits"), (softmax, "sigmoid"), (sigmoid, "logits")]
)
def test_probabilities_are_not_made_of_probabilities(net, head, kind):
    names = RGB if head is softmax else PAIR
    assert "probabilities already" in refusal(net(head), output_is=kind, **names)


def test_values_need_no_class_names(net):
    path = net(lambda means: 100 * means[:, :2] - 30)
    with FrozenModel.load(path, stated={"pixels": "0..1", "output_is": "values"}) as m:
        assert (m.output_is, m.class_names) == ("values", ())
        np.testing.assert_allclose(m.predict(filled(RED)), [[70, -30]], rtol=1e-5)


def test_an_embedding_without_class_names_is_asked_about(net):
    message = refusal(net(lambda means: means - 3), pixels="0..1")
    assert "does not say its class names" in message
    assert "give --output-is values instead" in message


def test_probabilities_with_axes_of_one_are_rows(net):
    path = net(lambda means: softmax(means)[:, None, None])
    assert answered(path, filled(BLUE), **RGB).argmax() == 2


# Numbers that are not finite


def odd(means):
    return tf.math.log(means - 0.5)


def test_a_photo_with_a_nan_is_an_error_and_others_are_answered(net):
    stated = {"pixels": "0..1", "output_is": "values"}
    with FrozenModel.load(net(odd), stated=stated) as model:
        assert any("is NaN or infinite for" in note for note in model.notes)
        assert model.predict(filled(WHITE)).shape == (1, 3)
        with pytest.raises(NonFiniteAnswer, match="not finite"):
            model.predict(filled(RED))
        with pytest.raises(NonFiniteAnswer, match="not finite"):
            model.run_photo(filled(RED)[0])


def test_a_nan_in_a_batch_is_an_error_of_the_batch(net):
    stated = {"pixels": "0..1", "output_is": "values"}
    both = np.concatenate([filled(WHITE), filled(RED)])
    with (
        FrozenModel.load(net(odd), stated=stated) as model,
        pytest.raises(NonFiniteAnswer),
    ):
        model.predict(both)


def test_a_network_that_answers_only_nan_is_refused(net):
    path = net(lambda means: means * np.float32("nan"))
    message = refusal(path, pixels="0..1", output_is="values")
    assert "is NaN or infinite for each of" in message


# A scale that the network applies itself


def rescaled(means):
    return softmax(means / 255)


def test_a_rescaling_inside_the_network_says_the_range(net):
    with FrozenModel.load(net_with_rescaling(net), stated=NAMES) as model:
        assert model.card["pixels"] == "0..255"
        assert any("the network itself computes" in note for note in model.notes)
        assert model.label(model.predict(filled(BLUE))[0]) == "b"


def test_a_rescaling_is_not_applied_twice(net):
    message = refusal(net_with_rescaling(net), pixels="0..1", **NAMES)
    assert "scaled twice, every picture gets nearly the same answer" in message
    assert message.endswith("pixels must be '0..255'")


def test_the_proposed_range_follows_from_the_network(tmp_path):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        tf.nn.softmax(tf.reduce_mean(2 * images - 1, [1, 2]), name="answer")

    message = refusal(write_graph(tmp_path / "net.pb", build), class_names=[*"abc"])
    assert '{"pixels": "0..1"}' in message
    assert "computes 2 x - 1 (mul), as for pixels of 0..1" in message


NAMES = {"class_names": ["r", "g", "b"]}


def net_with_rescaling(net):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        softmax_of = tf.reduce_mean(images * (1 / 255), [1, 2])
        tf.identity(softmax(softmax_of), "answer")

    return write_graph(net(softmax), build)


def test_a_range_that_makes_every_answer_the_same_is_not_proposed(tmp_path):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        red, green, blue = tf.split(images, 3, axis=3)
        small = tf.concat([red / 255, green / 255, blue / 255], 3)
        squared = tf.square(tf.reduce_mean(small, [1, 2]))
        tf.nn.softmax(5 * squared, name="answer")

    message = refusal(write_graph(tmp_path / "net.pb", build), **NAMES)
    assert '{"pixels": "0..255"}' in message
    assert "with 0..1 and -1..1 test pictures get nearly the same answer" in message
