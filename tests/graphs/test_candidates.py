"""The outputs of training graphs of many kinds are found by their edges."""

import pytest
import tensorflow as tf

from helpers.freezing.outputs import find_outputs
from helpers.graphs.candidates import (
    CandidateSearch,
    input_candidates,
    likely_answers,
    output_candidates,
)
from tests.graphs.training_graphs import guesses
from tests.graphs.training_graphs.guesses import case, figures, guess
from tests.graphs.training_graphs.published import published_cases

tf1 = tf.compat.v1
HINTS = ("resource variables", "random names")  # forms whose names help, and do not


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(7, id="one in seven"),
        pytest.param(1, id="every one", marks=pytest.mark.ci),
    ],
)
def made(request) -> list:
    """A guess for each graph, every other one of them with meaningless names."""
    names = list(enumerate(guesses.BUILDERS))[:: request.param]
    return [guess(case(name, HINTS[place % 2])) for place, name in names]


def test_the_true_output_is_among_the_first_three(made):
    assert [one.case.name for one in made if one.rank > 2] == []


def test_the_true_output_is_first_nine_times_in_ten(made):
    found = figures(made)
    assert found.first >= 0.9 * found.cases


def test_no_wrong_output_is_taken_silently(made):
    wrong = [(one.case.name, one.taken) for one in made if one.is_silently_wrong]
    assert wrong == []


def test_most_outputs_are_taken_without_a_question(made):
    clear = [one for one in made if one.case.may_take]
    assert sum(bool(one.taken) for one in clear) >= 0.9 * len(clear)


def test_old_loops_on_references_are_followed():
    for name in ("recurrent", "recurrent_states", "tagger", "connectionist"):
        found = guess(case(name, "old control flow"))
        assert (found.rank, found.is_silently_wrong) == (0, False), name


def test_shapes_are_not_needed():
    for name in ("uncertain", "global_average_logits", "autoencoder", "keras"):
        found = guess(case(name, "no shapes"))
        assert (found.rank, found.is_silently_wrong) == (0, False), name


def test_published_outputs_are_found_and_none_is_wrong(shared):
    found = [guess(one) for one in published_cases(shared)]
    assert [one.case.name for one in found if one.rank > 2] == []
    assert [one.case.name for one in found if one.is_silently_wrong] == []
    assert figures(found).first >= 0.9 * len(found)


def labels(name: str) -> set[str]:
    return CandidateSearch(case(name).meta.graph_def).labels


def test_an_input_named_y_is_data_where_weights_are_applied_to_it():
    assert labels("without_training") == set()


def test_an_input_that_joins_after_a_layer_is_data():
    assert labels("two_inputs") == {"Placeholder_2"}


def test_one_iterator_gives_images_and_labels():
    assert labels("from_an_iterator") == {"IteratorGetNext:1"}


def test_labels_that_a_decoder_is_taught_with_are_data():
    assert labels("translation") == set()


def test_labels_that_pick_centers_are_labels():
    assert labels("center_loss") == {"Placeholder_1"}


def test_heads_are_offered_together():
    meta = case("detector").meta
    likely = [c.tensor for c in likely_answers(output_candidates(meta.graph_def))]
    with pytest.raises(ValueError, match="for instance score/Sigmoid,concat") as error:
        find_outputs(meta, None, {})
    assert set(likely) == {"score/Sigmoid:0", "concat:0"}
    assert "it leaves out 2 of 8 trained variables" in str(error.value)


def test_replicas_are_said():
    with pytest.raises(ValueError, match="one of 2 that share their variables"):
        find_outputs(case("towers").meta, None, {})


def test_a_loss_without_labels_is_asked_about():
    with pytest.raises(ValueError, match="it is not clear which op"):
        find_outputs(case("triplet").meta, None, {})


def test_a_mean_over_the_batch_is_no_output():
    with tf.Graph().as_default():
        x = tf1.placeholder(tf.float32, [None, 4])
        tf.reduce_mean(tf.matmul(x, tf1.get_variable("w", [4, 2]), name="last"))
        meta = tf1.train.export_meta_graph()
    assert [str(found) for found in find_outputs(meta, None, {})] == ["last"]


def test_moving_averages_and_random_ops_are_no_candidates():
    for name in ("batch_normalised", "averaged_loss_and_weights", "dropped"):
        graph_def = case(name).meta.graph_def
        ops = {node.name: node.op for node in graph_def.node}
        found = [c.tensor.split(":")[0] for c in output_candidates(graph_def)]
        assert not any("Moving" in name or "moving" in name for name in found)
        assert not any("Random" in ops[name] or "Like" in ops[name] for name in found)


def test_each_output_of_a_pipeline_is_an_input():
    meta = case("from_an_iterator").meta
    (answer,) = find_outputs(meta, None, {})
    (found,) = input_candidates(meta.graph_def, [answer.tensor])
    assert (found.tensor, found.shape) == ("IteratorGetNext:0", (None, 4))
