"""What freezing writes and reports, and the outputs that it finds."""

import hashlib
import json

import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.graphs.fingerprint import fingerprint
from helpers.graphs.model_card import card_in
from tests.freezing.small_models import (
    dense,
    dropped_by_rate,
    fed,
    perceptron,
    read,
    save,
    switched,
)

tf1 = tf.compat.v1


def test_freezing_twice_gives_the_same_file_byte_for_byte(tmp_path):
    prefix = save(switched, tmp_path)
    one = freeze(prefix, outputs="y", output=tmp_path / "1.pb").output
    two = freeze(prefix, outputs="y", output=tmp_path / "2.pb").output
    assert one.read_bytes() == two.read_bytes()


def test_the_default_graph_is_not_touched(tmp_path):
    prefix = save(dropped_by_rate, tmp_path)
    with tf.Graph().as_default() as graph:
        freeze(prefix, outputs="y")
        assert graph.get_operations() == []


def test_the_card_names_the_source_of_the_graph(tmp_path):
    prefix = save(perceptron, tmp_path)
    report = freeze(prefix, outputs="y:0", class_names=["a", "b", "c"])
    card = card_in(read(report.output))
    assert card["class_names"] == ["a", "b", "c"]
    assert (card["input"], card["output"]) == ("x:0", "y:0")
    digest = hashlib.sha256((tmp_path / "model-ckpt.index").read_bytes()).hexdigest()
    assert card["checkpoint"]["sha256"]["model-ckpt.index"] == digest
    assert card["checkpoint"]["global_step"] == 0
    assert card["fingerprint"] == fingerprint(read(report.output))


def test_the_fingerprint_does_not_depend_on_order_or_on_defaults(tmp_path):
    graph_def = read(freeze(save(perceptron, tmp_path), outputs="y").output)
    before = fingerprint(graph_def)
    nodes = sorted(graph_def.node, key=lambda node: node.name, reverse=True)
    shuffled = tf1.GraphDef(node=nodes)
    for node in shuffled.node:
        if node.op == "MatMul":
            node.attr["transpose_a"].b = False
            node.attr["_output_shapes"].list.shape.add()
    assert fingerprint(shuffled) == before
    shuffled.node[0].name += "x"
    assert fingerprint(shuffled) != before


def test_the_report_is_a_table_and_json(tmp_path):
    report = freeze(save(perceptron, tmp_path), outputs="y")
    found = json.loads(json.dumps(report.as_json()))
    assert found["proof"]["verdict"] == "exact"
    assert found["fingerprint"] == report.fingerprint
    assert "exact, largest difference 0" in str(report)
    assert dict(report.rows())["fixed values"] == "none"


@pytest.mark.parametrize("build", [perceptron, dropped_by_rate], ids=["loss", "none"])
def test_a_clear_output_is_found(build, tmp_path):
    assert list(freeze(save(build, tmp_path)).outputs) == ["y:0"]


def test_several_likely_outputs_are_ranked_with_reasons(tmp_path):
    def build():
        x = fed()
        tf.nn.softmax(dense(x, 3, "one"), name="cats")
        tf.nn.softmax(dense(x, 3, "two"), name="dogs")

    prefix = save(build, tmp_path)
    with pytest.raises(ValueError, match="it is not clear which") as error:
        freeze(prefix)
    assert "  cats:0: a Softmax, computed from 2 of 4 variables" in str(error.value)
    report = freeze(prefix, outputs=["cats", "dogs:0"])
    assert set(report.outputs) == {"cats:0", "dogs:0"}
