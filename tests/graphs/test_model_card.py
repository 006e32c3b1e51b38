"""The model card inside a graph; TensorFlow's importer is the oracle."""

import json

import pytest
import tensorflow as tf

from helpers.graphs.model_card import CARD_OP, card_in, put_card

tf1 = tf.compat.v1

CARD = {"class_names": ["cat", "dog"], "data": "Fotos von Kätzchen 🐈", "seed": 1}


@pytest.fixture
def graph_def():
    with tf.Graph().as_default() as graph:
        tf1.placeholder(tf.float32, [None], name="x")
    return graph.as_graph_def()


def test_a_graph_without_a_card_says_so(graph_def):
    assert card_in(graph_def) is None


def test_a_card_survives_the_file(graph_def):
    put_card(graph_def, CARD)
    again = tf1.GraphDef.FromString(graph_def.SerializeToString())
    assert card_in(again) == CARD


def test_a_card_that_tensorflow_stored_is_read():
    with tf.Graph().as_default() as graph:
        tf.constant(json.dumps(CARD), name=CARD_OP)
    assert card_in(graph.as_graph_def()) == CARD


def test_tensorflow_reads_a_card_that_was_put(graph_def):
    put_card(graph_def, CARD)
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        tf1.import_graph_def(graph_def, name="")
        assert json.loads(session.run(f"{CARD_OP}:0")) == CARD
        assert graph.get_tensor_by_name(f"{CARD_OP}:0").shape == []


def test_a_second_card_takes_the_place_of_the_first(graph_def):
    put_card(graph_def, CARD)
    put_card(graph_def, CARD | {"threshold": 0.8})
    assert card_in(graph_def) == CARD | {"threshold": 0.8}
    assert [node.name for node in graph_def.node].count(CARD_OP) == 1


def test_the_other_nodes_stay_as_they_are(graph_def):
    before = graph_def.node[0].SerializeToString()
    put_card(graph_def, CARD)
    assert graph_def.node[0].SerializeToString() == before


def test_an_op_of_another_kind_is_no_card(graph_def):
    graph_def.node.add(name=CARD_OP, op="Placeholder")
    assert card_in(graph_def) is None
