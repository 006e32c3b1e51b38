"""The drawing of a graph's name scopes."""

import itertools
from xml.etree import ElementTree

import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import read_meta
from helpers.inspecting.boxes import MOST_BOXES, diagram_of
from helpers.inspecting.scopes import draw_scopes, write_scopes

tf1 = tf.compat.v1
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def diagram(small):
    return diagram_of(read_meta(f"{small.prefix}.meta").graph_def, ["y_pred"])


def titles_of_inference(graph_def, output: str = "answer") -> list[str]:
    boxes = diagram_of(graph_def, [output]).boxes
    return [box.title for box in boxes if box.role == "inference"]


def deep(layers: int) -> tf1.GraphDef:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        for number in range(layers):
            with tf1.variable_scope(f"layer{number:02}"):
                x = tf.nn.relu(tf.matmul(x, tf1.get_variable("w", [4, 4])))
        tf.nn.softmax(x, name="answer")
    return graph.as_graph_def()


def titles(picture: str, *, training: bool) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [
        group.find(f"{SVG}text").text
        for group in root.iter(f"{SVG}g")
        if group.find(f"{SVG}rect") is not None
        and (group.get("class") == "training") == training
    ]


def test_boxes_of_inference_are_the_layers_in_order(diagram):
    found = [box.title for box in diagram.boxes if box.role == "inference"]
    layers = ["conv1", "conv2", "conv3", "dense1", "dense2"]
    assert found == ["x", *layers, "y_pred"]


def test_arrows_lead_from_layer_to_layer(diagram):
    chain = [i for i, box in enumerate(diagram.boxes) if box.role == "inference"]
    assert set(itertools.pairwise(chain)) <= set(diagram.arrows)


def test_boxes_hold_the_weights_of_their_layers(diagram):
    found = {box.title: box.bytes for box in diagram.boxes}
    assert found["conv2"] >= 4 * (3 * 3 * 32 * 32 + 32)


def test_training_is_grey_and_inference_is_not(small):
    picture = draw_scopes(read_meta(f"{small.prefix}.meta").graph_def, ["y_pred"])
    assert {"gradients", "optimizer"} <= set(titles(picture, training=True))
    assert titles(picture, training=False)[0] == "x"


@pytest.mark.parametrize("layers", [1, 12, 40])
def test_there_are_at_most_so_many_boxes(layers):
    boxes = diagram_of(deep(layers), ["answer"]).boxes
    assert len(boxes) <= MOST_BOXES
    assert boxes[0].title == "x"


def test_joined_boxes_are_named_by_first_and_last():
    assert any(" … layer" in title for title in titles_of_inference(deep(40)))


def test_ops_without_scopes_are_gathered_into_layers():
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        for _ in range(2):
            w, b = tf1.Variable(tf.ones([4, 4])), tf1.Variable(tf.ones([4]))
            x = tf.nn.relu(tf.add(tf.matmul(x, w), b))
        tf.nn.softmax(x, name="answer")
    found = titles_of_inference(graph.as_graph_def())
    assert found == ["x", "MatMul", "MatMul_1", "answer"]


def test_scope_that_holds_everything_is_split():
    with tf.Graph().as_default() as outer:
        tf1.import_graph_def(deep(3), name="model")
    found = titles_of_inference(outer.as_graph_def(), "model/answer")
    assert "model/layer01" in found


def test_loop_is_drawn_before_what_follows_it():
    with tf.Graph().as_default() as graph:
        tf1.disable_control_flow_v2()
        x = tf1.placeholder(tf.float32, [2, 2], name="x")
        state = tf1.while_loop(
            lambda state: tf.reduce_sum(state) < 9, lambda state: state @ state, [x]
        )
        tf1.enable_control_flow_v2()
        tf.nn.softmax(state, name="answer")
    assert titles_of_inference(graph.as_graph_def()) == ["x", "while", "answer"]


def test_names_are_escaped_and_the_picture_is_for_light_and_dark():
    graph_def = tf1.GraphDef()
    graph_def.node.add(name="a<b", op="Placeholder")
    picture = draw_scopes(graph_def, ["a<b"])
    assert titles(picture, training=False) == ["a<b"]
    assert "prefers-color-scheme: dark" in picture


def test_picture_of_a_checkpoint_is_written(small, tmp_path):
    out = write_scopes(small.prefix, tmp_path / "pictures" / "graph.svg")
    assert ElementTree.parse(out).getroot().tag == f"{SVG}svg"
    assert [path.name for path in out.parent.iterdir()] == ["graph.svg"]


def test_every_shared_graph_is_drawn(shared):
    for path in (shared / "checkpoints").rglob("*.meta"):
        graph_def = read_meta(path).graph_def
        names = [node.name for node in graph_def.node if node.op == "Softmax"]
        boxes = diagram_of(graph_def, names[:1]).boxes
        assert 1 <= len(boxes) <= MOST_BOXES
