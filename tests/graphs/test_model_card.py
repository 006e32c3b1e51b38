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


# What other programs may have stored


@pytest.fixture
def stored(graph_def):
    """A function that stores texts in a Const named as the card is."""

    def store(*texts: bytes, content: bytes = b"", dtype=tf.string):
        node = graph_def.node.add(name=CARD_OP, op="Const")
        node.attr["dtype"].type = dtype.as_datatype_enum
        tensor = node.attr["value"].tensor
        tensor.dtype, tensor.tensor_content = dtype.as_datatype_enum, content
        tensor.string_val.extend(texts)
        return graph_def

    return store


@pytest.mark.parametrize("data", ["ab", "a" * 200, "ä" * 10**5])
def test_a_card_in_the_bytes_of_a_tensor_is_read_as_tensorflow_reads_it(stored, data):
    text = json.dumps({"data": data}).encode()
    graph_def = stored(content=_varint(len(text)) + text)
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.import_graph_def(graph_def, name="")
        assert json.loads(session.run(f"{CARD_OP}:0")) == card_in(graph_def)


def _varint(number: int) -> bytes:
    return bytes(
        [number & 127 | 128, *_varint(number >> 7)] if number > 127 else [number]
    )


def _without_texts(stores: dict) -> dict:
    return {name: value for name, value in stores.items() if name != "texts"}


NO_CARDS = {
    "no text": ({}, "it holds 0 texts"),
    "two texts": ({"texts": (b"{}", b"{}")}, "it holds 2 texts"),
    "numbers": ({"dtype": tf.float32}, "it holds numbers, not a text"),
    "a list": ({"texts": (b"[1]",)}, "[1]"),
    "cut": ({"content": b"\x05{}"}, "its tensor_content is not one text"),
    "two": ({"content": b"\x02\x02{}{}"}, "its tensor_content is not one text"),
    "no length": ({"content": b"\xff" * 9}, "its tensor_content is not one text"),
    "Latin-1": ({"texts": (b'{"data": "\xe9"}',)}, "it is not text in UTF-8 (byte 10"),
}


@pytest.mark.parametrize(("stores", "why"), NO_CARDS.values(), ids=NO_CARDS)
def test_a_const_that_is_no_card_is_named(stored, stores, why):
    graph_def = stored(*stores.get("texts", ()), **_without_texts(stores))
    with pytest.raises(ValueError, match=r"^net\.pb: the op 'model_card'") as error:
        card_in(graph_def, "net.pb")
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"data": "' + b"a" * 2 * 10**7 + b'"}', "has 20,000,012 bytes of JSON: at"),
        (b'{"a":' * 10**5, "has lists or objects in one another more than 32 deep"),
        (b'{"image_size": true}', ": image_size is True, not 1 to 2048 pixels, or"),
        (b'{"mean": 1e400}', ": mean is inf, not a number, or one for each of 3"),
        (b'{"threshold": NaN}', ": threshold is nan, not a share of 1"),
        (b'{"class_names": ["\\ud800"]}', r": class_names[0] holds '\ud800', half of"),
        (b'{"description": "\\u0000"}', r": description holds '\x00', a control char"),
        (
            b'{"mine": {"note": "\\u202e"}}',
            r": mine.note holds '\u202e', which changes",
        ),
    ],
    ids=["20 MB", "deep", "true", "1e400", "NaN", "surrogate", "NUL", "override"],
)
def test_a_hostile_card_gets_one_sentence(stored, text, sentence):
    with pytest.raises(ValueError, match=r"^net\.pb: ") as error:
        card_in(stored(text), "net.pb")
    assert sentence in str(error.value)
    assert str(error.value).isprintable()


def test_fields_that_are_only_shown_may_hold_anything(stored):
    card = {"history": [{"loss": 0.5}], "url": {"a": 1}, "mine": [None, {"b": []}]}
    assert card_in(stored(json.dumps(card).encode())) == card


def test_empty_fields_are_left_out(stored):
    text = b'{"mean": null, "class_names": [], "input": "", "epochs": 0}'
    assert card_in(stored(text)) == {"epochs": 0}
