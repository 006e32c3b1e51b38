"""What a graph from elsewhere does not say is asked for, with what was found in it."""

import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from helpers.serving.frozen_model import FrozenModel

FACTS = {
    "class_names": ["tabby", "lion"],
    "input": "photos:0",
    "output": "head/answer:0",
    "pixels": "0..255",
    "image_size": 16,
}


@pytest.fixture
def foreign(tmp_path):
    """Writes a graph with names of its own, no card, and this shape of input."""

    def write(shape=(None, 16, 16, 3)):
        with tf1.Graph().as_default() as graph:
            photos = tf1.placeholder(tf1.float32, shape, name="photos")
            logits = tf1.reduce_mean(photos, [1, 2])[:, :2]
            with tf1.name_scope("head"):
                tf1.nn.softmax(logits, name="answer")
        path = tmp_path / "foreign.pb"
        path.write_bytes(graph.as_graph_def().SerializeToString())
        return path

    return write


def refused(path, facts=None) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011  the whole text follows
        FrozenModel.load(path, facts)
    return str(error.value)


def test_all_that_is_missing_is_asked_for_at_once(foreign):
    path = foreign()
    assert refused(path) == (
        f"{path} does not say its class names, input, output and pixels: "
        "put them into foreign.json beside it, for instance "
        '{"class_names": ["cat", "dog"], "input": "photos:0", '
        '"output": "head/answer:0", "pixels": "0..1"}; '
        "inputs found in it: photos:0 (float32 [?, 16, 16, 3]); "
        "outputs found in it: head/answer:0 (float32)"
    )


def test_one_missing_fact_is_asked_for_alone(foreign):
    facts = {fact: FACTS[fact] for fact in FACTS if fact != "output"}
    assert " does not say its output: put it into foreign.json" in refused(
        foreign(), facts
    )


def test_the_size_is_read_from_the_placeholder(foreign):
    facts = {fact: FACTS[fact] for fact in FACTS if fact != "image_size"}
    with FrozenModel.load(foreign(), facts) as model:
        assert model.image_size == 16


def test_a_size_that_the_placeholder_leaves_open_is_asked_for(foreign):
    facts = {fact: FACTS[fact] for fact in FACTS if fact != "image_size"}
    path = foreign((None, None, None, 3))
    assert " does not say its image size: put it into" in refused(path, facts)


def test_a_foreign_graph_answers_with_its_facts_beside_it(foreign):
    path = foreign()
    path.with_suffix(".json").write_text(json.dumps(FACTS))
    with FrozenModel.load(path) as model:
        (row,) = model.predict(np.full([1, 16, 16, 3], 7, np.uint8))
    np.testing.assert_allclose(row, [0.5, 0.5])


def test_the_json_beside_it_is_believed_before_the_facts(foreign):
    path = foreign()
    path.with_suffix(".json").write_text('{"class_names": ["a", "b"]}')
    with FrozenModel.load(path, FACTS) as model:
        assert model.class_names == ("a", "b")
