"""Graphs with unsafe ops are refused, unless the user names the ops."""

import click
import pytest
import tensorflow as tf

from helpers.graphs.model_card import put_card
from helpers.serving.allowed_ops import OpNames
from helpers.serving.assumptions import assumptions
from helpers.serving.frozen_model import FrozenModel

tf1 = tf.compat.v1
RAW = tf.raw_ops
CARD = {
    "class_names": ["red", "green"],
    "image_size": 8,
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
    "output_is": "probabilities",
}


@pytest.fixture
def write(tmp_path):
    """Writes a graph of photos to toy.pb with what `beside` adds to its answer."""

    def written(beside, card=CARD):
        with tf.Graph().as_default() as graph:
            x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
            red = tf.reduce_mean(x, [1, 2])[:, :1] + beside(x)
            tf.concat([red, 1 - red], 1, name="y_pred")
        graph_def = graph.as_graph_def()
        put_card(graph_def, card)
        (tmp_path / "toy.pb").write_bytes(graph_def.SerializeToString())
        return tmp_path / "toy.pb"

    return written


@pytest.fixture
def reading(write, tmp_path):
    """A graph that adds the 0 in a file."""
    (tmp_path / "zero.txt").write_text("0.0")
    zero = str(tmp_path / "zero.txt")
    return write(lambda x: tf.strings.to_number(tf.io.read_file(zero)))


def refused(path, **settings) -> str:
    with pytest.raises(ValueError, match=r"refused|cannot be served") as found:
        FrozenModel.load(path, **settings)
    return str(found.value).removeprefix(str(path))


def test_a_graph_with_an_unsafe_op_that_is_named_is_served_and_says_so(reading):
    with FrozenModel.load(reading, allow_ops=["ReadFile"]) as model:
        assert "served although op 'ReadFile' (ReadFile) reads files" in model.notes


@pytest.mark.parametrize("allowed", [[], ["WriteFile"], ["readfile"]])
def test_no_other_op_is_let_in(reading, allowed):
    message = " is refused: op 'ReadFile' (ReadFile) reads files"
    assert refused(reading, allow_ops=allowed) == message


def test_a_graph_of_harmless_ops_says_nothing(write):
    with FrozenModel.load(write(lambda x: 0.0), allow_ops=["ReadFile"]) as model:
        assert not [note for note in model.notes if "although" in note]


def immutable(x):
    content = RAW.ImmutableConst(
        dtype=tf.uint8, shape=[1], memory_region_name="/etc/passwd"
    )
    return tf.cast(content, tf.float32)


def dequeued(x):
    return tf.queue.FIFOQueue(1, [tf.float32], [[]]).dequeue()


def remembered(x):
    table = tf.lookup.experimental.MutableHashTable(tf.float32, tf.float32, 0.0)
    with tf1.control_dependencies([table.insert(x[:, 0, 0, 0], x[:, 0, 0, 1])]):
        return table.lookup(x[:, 0, 0, 0])


def written_over(x):
    kept = tf.constant([[0.0], [0.0]])
    return RAW.InplaceUpdate(x=kept, i=[0], v=x[:1, 0, 0, :1])[1:]


def elsewhere(x):
    with tf1.device("/job:ps/task:0"):
        return tf.constant(0.0)


def unwritten(x):
    return RAW.Empty(shape=[1], dtype=tf.float32)


HOSTILE = {
    "a file as a constant": (
        immutable,
        "(ImmutableConst) reads any file of the machine as its value",
    ),
    "a queue that nobody fills": (
        dequeued,
        "waits for data that another program has to send",
    ),
    "a table of what others sent": (
        remembered,
        "keeps values of one request for later ones: it fills a table with them",
    ),
    "a constant that is written over": (
        written_over,
        "(InplaceUpdate) writes values of one request into a constant, for others",
    ),
    "memory of others": (
        unwritten,
        "(Empty) answers memory that it did not write, which may be of other requests",
    ),
    "another machine": (elsewhere, "is placed on another machine, '/job:ps/task:0'"),
}


@pytest.mark.parametrize(("beside", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_graph_is_refused_before_it_runs(write, beside, why):
    message = refused(write(beside))
    assert message.startswith(" is refused: op '")
    assert why in message


def test_a_graph_on_another_machine_is_not_let_in(write):
    assert "another machine" in refused(write(elsewhere), allow_ops=["Const"])


def test_a_training_graph_has_to_be_frozen(write):
    def trained(x):
        weight = tf1.get_variable("weight", [])
        return tf1.assign_add(weight, 1.0)

    message = " cannot be served: it has variables ('weight'): freeze its"
    assert refused(write(trained)).startswith(message)


def test_what_is_assumed_of_a_graph_is_found_with_the_op_allowed(write, tmp_path):
    card = {name: CARD[name] for name in ("image_size", "input", "output")}
    (tmp_path / "zero.txt").write_text("0.0")
    path = write(
        lambda x: tf.strings.to_number(tf.io.read_file(f"{tmp_path}/zero.txt")), card
    )
    found = assumptions(path, {"pixels": "0..1"}, ["ReadFile"])
    assert [item.field for item in found] == ["class_names"]


def test_the_option_takes_names_with_commas_between():
    assert OpNames().convert("ReadFile, Print,ReadFile", None, None) == (
        "ReadFile",
        "Print",
    )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("ReedFile", "TensorFlow has no op 'ReedFile': try ReadFile"),
        ("*", "TensorFlow has no op '*': give names that `scan` prints"),
    ],
)
def test_the_option_refuses_what_is_no_op(value, sentence):
    with pytest.raises(click.BadParameter, match="TensorFlow has no op") as refused:
        OpNames().convert(value, None, None)
    assert refused.value.message == sentence
