"""The lessons' small networks: their pixels, classes and files."""

import tensorflow.compat.v1 as tf1

from helpers.graphs.model_card import card_in
from helpers.graphs.own_graph import import_alone
from helpers.serving.model_file import read_graph_def
from helpers.training.colour_network import save_colour_network
from helpers.training.things_network import CARD, KINDS, ThingsNetwork, drawn_things


def test_drawn_things_are_of_each_kind_in_turn():
    images, labels = drawn_things(1000, 6)
    assert images.shape == (6, 64, 64, 3)
    assert [KINDS[label] for label in labels] == [*KINDS, "boat", "car"]


def test_the_frozen_things_network_changes_as_it_learns_and_keeps_its_card(tmp_path):
    network = ThingsNetwork(tmp_path)
    before = network.freeze().read_bytes()
    network.learn()
    path = network.freeze()
    network.close()
    assert path.read_bytes() != before
    card = card_in(read_graph_def(path))
    assert card.items() >= (CARD | {"class_names": [*KINDS]}).items()


def test_the_colour_network_wants_blue_first(tmp_path):
    save_colour_network(tmp_path / "colours")
    meta = tf1.MetaGraphDef.FromString((tmp_path / "colours.meta").read_bytes())
    graph, data, prob = import_alone(meta.graph_def, "data:0", "prob:0")
    with tf1.Session(graph=graph) as session:
        session.run("save/restore_all", {"save/Const:0": str(tmp_path / "colours")})
        blue = [[[[255.0, 0.0, 0.0]] * 64] * 64]
        assert session.run(prob, {data: blue}).argmax() == 1  # of COLOURS: blue
