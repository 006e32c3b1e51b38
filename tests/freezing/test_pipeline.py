"""The graph passes: each works alone, and the report tells what each did."""

import inspect
import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.freezing.freeze import freeze
from helpers.freezing.passes.constants.read_values import read_values
from helpers.freezing.passes.constants.variables_to_constants import Weight
from helpers.freezing.passes.inference.bind_switches import bind_switches
from helpers.freezing.passes.optional.narrow_weights import narrow_weights
from helpers.freezing.passes.pipeline import PASSES, UNTIL_CONSTANTS
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.editor import Edge, GraphEditor
from tests.freezing.small_models import perceptron, save

tf1 = tf.compat.v1


def edited(build) -> GraphEditor:
    """An editor of the graph that `build` makes, whose output is `y`."""
    with tf.Graph().as_default() as graph:
        build()
    return GraphEditor.of(graph.as_graph_def(), [Edge("y", 0)])


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.name)
def test_every_pass_takes_an_editor_and_returns_a_number(step):
    signature = inspect.signature(step.apply)
    needed = [p for p in signature.parameters.values() if p.default is p.empty]
    assert [parameter.annotation for parameter in needed] == [GraphEditor]
    assert signature.return_annotation is int


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.name)
def test_every_pass_says_why_it_stands_where_it_does(step):
    assert len(step.reason.split()) > 4


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.name)
def test_every_pass_lies_in_the_folder_of_its_family(step):
    families = {"prune", "inference", "constants", "optional"}
    assert step.family in families
    assert step.apply.__module__.split(".")[3] == step.family or step.apply is prune


def test_the_first_passes_leave_the_variables_alone():
    assert "constants" not in {step.family for step in UNTIL_CONSTANTS}


def test_prune_alone_removes_what_the_output_does_not_need():
    def build():
        x = tf1.placeholder(tf.float32, [2], name="x")
        tf.identity(x, name="y")
        tf.identity(tf.identity(x, name="a"), name="b")

    editor = edited(build)
    assert prune(editor) == 2
    assert list(editor.nodes) == ["x", "y"]


def test_cut_inputs_alone_puts_a_placeholder_in_a_queues_place():
    def build():
        queue = tf1.FIFOQueue(4, [tf.float32], shapes=[[3]])
        tf.identity(queue.dequeue_many(2, name="batch"), name="y")

    editor = edited(build)
    assert cut_inputs(editor) == 1
    assert editor.nodes["batch"].op == "Placeholder"
    assert editor.cuts == {"batch": Edge("batch", 0)}


def test_bind_switches_alone_binds_a_training_switch_to_false():
    def build():
        switch = tf1.placeholder(tf.bool, [], name="is_training")
        tf1.cond(switch, lambda: tf.constant(1.0), lambda: tf.constant(2.0), name="c")
        tf.identity(switch, name="y")

    editor = edited(build)
    assert bind_switches(editor) == 1
    assert editor.bound == {Edge("is_training", 0): False}


def test_read_values_alone_makes_each_read_an_identity():
    def build():
        variable = tf1.get_variable("v", [2], use_resource=True)
        tf.identity(variable.read_value(), name="y")

    editor = edited(build)
    reads = [n.name for n in editor.nodes.values() if n.op == "ReadVariableOp"]
    assert read_values(editor) >= len(reads) > 0
    assert {editor.nodes[name].op for name in reads} == {"Identity"}


def test_narrow_weights_alone_stores_a_weight_in_16_bits_behind_a_cast():
    exact = np.float32([1, 1 / 3])
    editor = edited(lambda: tf.identity(tf.constant(exact, name="w"), name="y"))
    editor.weights["w"] = Weight(tf.float32, (2,), lambda: exact)
    errors: dict[str, float] = {}
    editor.context = SimpleNamespace(dtype="float16", rounding_errors=errors)
    assert narrow_weights(editor) == 1
    assert editor.nodes["w"].op == "Cast"
    (stored,) = editor.nodes["w"].input
    assert list(editor.weights) == [stored]
    assert editor.weights[stored].read().dtype == np.float16
    assert 0 < errors["w"] < 1e-3


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    return save(perceptron, tmp_path_factory.mktemp("perceptron"))


def test_the_report_tells_what_each_pass_did(prefix, tmp_path):
    passes = freeze(prefix, outputs="y", output=tmp_path / "y.pb").passes
    asked = [step.name for step in PASSES if step.family != "optional"]
    assert [step.name for step in passes] == asked
    for before, after in itertools.pairwise(passes):
        assert before.nodes_after == after.nodes_before
    (made,) = (step for step in passes if step.name == "variables_to_constants")
    assert made.changes > 0


def test_an_optional_pass_is_told_where_it_was_asked_for(prefix, tmp_path):
    report = freeze(prefix, outputs="y", output=tmp_path / "y.pb", weights="float16")
    assert report.passes[-1].name == "narrow_weights"
    assert report.passes[-1].changes > 0


def test_the_command_prints_the_passes_where_asked(prefix, tmp_path):
    command = ["freeze", prefix, "--output-node-names", "y"]
    command += ["--output", str(tmp_path / "y.pb")]
    table = CliRunner().invoke(cli, [*command, "--passes"]).output
    assert "variables_to_constants" in table
    assert "variables_to_constants" not in CliRunner().invoke(cli, command).output
    as_json = CliRunner().invoke(cli, [*command, "--json"]).output
    names = [step["name"] for step in json.loads(as_json)["passes"]]
    assert names[0] == "cut_inputs"
