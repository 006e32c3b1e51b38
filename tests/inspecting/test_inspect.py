"""The reports of `inspect` on checkpoints, graphs and frozen models."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import graphs_at, read_meta
from helpers.graphs.candidates import (
    CandidateSearch,
    input_candidates,
    output_candidates,
)
from helpers.graphs.model_card import put_card
from helpers.graphs.wiring import Wiring
from helpers.inspecting.inspect import inspect
from helpers.inspecting.roles import roles_of, slots_of
from helpers.inspecting.text import as_text

tf1 = tf.compat.v1


def save(prefix: Path, build, **saver) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        build()
        session.run(tf1.global_variables_initializer())
        variables = saver.pop("variables", tf1.global_variables)()
        tf1.train.Saver(variables, **saver).save(session, str(prefix))


def line(units: int = 3) -> None:
    """The smallest network with all roles: a dense layer, Adam, a summary."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    labels = tf1.placeholder(tf.float32, [None, units], name="targets")
    weights = tf1.get_variable("dense/kernel", [4, units], use_resource=False)
    bias = tf1.get_variable("dense/bias", [units])
    logits = tf.add(tf.matmul(x, weights), bias, name="logits")
    tf.nn.softmax(logits, name="answer")
    loss = tf1.losses.softmax_cross_entropy(labels, logits)
    tf1.summary.scalar("loss", loss)
    tf1.train.AdamOptimizer().minimize(loss)


def normalised() -> None:
    """A layer with batch-norm statistics, which are not trainable."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    mean = tf1.get_variable("norm/moving_mean", [4], trainable=False)
    scale = tf1.get_variable("norm/gamma", [4])
    tf.nn.sigmoid((x - mean) * scale, name="answer")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> str:
    prefix = tmp_path_factory.mktemp("line") / "model"
    save(prefix, line)
    return str(prefix)


@pytest.fixture(scope="module")
def report(prefix):
    return inspect(prefix)


@pytest.fixture
def graph_def(prefix):
    return read_meta(f"{prefix}.meta").graph_def


@pytest.fixture
def copied(prefix, tmp_path):
    """Copies files of the checkpoint, by suffix, into the test's folder."""

    def copy(pattern: str = "*", name: str = "model") -> Path:
        for path in Path(prefix).parent.glob(f"model.{pattern}"):
            shutil.copy(path, tmp_path / path.name.replace("model", name, 1))
        return tmp_path

    return copy


def row(report, key: str):
    return next(row for row in report.variables if row.key == key)


@pytest.mark.parametrize("name", ["model.meta", "model.index", ""])
def test_prefix_files_and_folder_give_one_report(prefix, report, name):
    found = inspect(Path(prefix).parent / name)
    assert {**found.as_dict(), "path": ""} == {**report.as_dict(), "path": ""}


def test_no_session_is_made_and_no_graph_is_touched(prefix, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a session was made")

    monkeypatch.setattr(tf1.Session, "__init__", refuse)
    before = len(tf1.get_default_graph().get_operations())
    assert inspect(prefix).variables
    assert len(tf1.get_default_graph().get_operations()) == before


def test_inference_is_the_subgraph_that_tensorflow_extracts(graph_def):
    roles = roles_of(Wiring(graph_def), ["answer"])
    expected = tf1.graph_util.extract_sub_graph(graph_def, ["answer"])
    found = [name for name, role in roles.items() if role == "inference"]
    assert sorted(found) == sorted(node.name for node in expected.node)


def test_roles_of_nodes(graph_def):
    roles = {
        "inference": ["dense/kernel"],
        "gradients": ["gradients/MatMul_grad/MatMul"],
        "optimizer": [
            *("Adam/update_dense/kernel/ApplyAdam", "Adam/learning_rate"),
            *("dense/kernel/Adam_1", "dense/kernel/Adam/Assign", "beta1_power"),
        ],
        "saving": ["save/SaveV2", "save/restore_all"],
        "loss and metrics": ["softmax_cross_entropy_loss/value", "targets"],
        "summaries": ["loss/tags", "loss"],
        "initialisation": ["dense/kernel/Assign", "init"],
    }
    expected = {name: role for role, names in roles.items() for name in names}
    found = roles_of(Wiring(graph_def), ["answer"])
    assert {name: found[name] for name in expected} == expected


def test_queue_and_reader_are_the_input_pipeline():
    with tf.Graph().as_default() as graph:
        names = tf1.train.string_input_producer(["a.jpg", "b.jpg"])
        _, photo = tf1.WholeFileReader().read(names)
        x = tf1.train.batch([tf.io.decode_raw(photo, tf.uint8)], 2, shapes=[[4]])
        weights = tf1.get_variable("w", [4, 2])
        tf.nn.softmax(tf.matmul(tf.cast(x, tf.float32), weights), name="answer")
    graph_def = graph.as_graph_def()
    roles = roles_of(Wiring(graph_def), ["answer"])
    assert roles["batch"] == roles["DecodeRaw"] == "input pipeline"
    assert roles["Softmax" if "Softmax" in roles else "answer"] == "inference"
    assert input_candidates(graph_def, ["answer"])[0].reason.startswith("an output")


def test_slots_are_those_of_the_optimizer():
    with tf.Graph().as_default() as graph:
        w = tf1.get_variable("w", [2], use_resource=True)
        optimizer = tf1.train.AdamOptimizer()
        optimizer.minimize(tf.reduce_sum(w * w))
        expected = [optimizer.get_slot(w, name).op.name for name in ("m", "v")]
    assert slots_of(Wiring(graph.as_graph_def())) == {"w": expected}


def test_report_has_slots_per_variable(report):
    expected = ("dense/kernel/Adam", "dense/kernel/Adam_1")
    assert row(report, "dense/kernel").slots == expected


def test_variables_are_those_that_tensorflow_lists(prefix, report):
    found = [(row.key, list(row.shape)) for row in report.variables]
    assert found == tf.train.list_variables(prefix)


def test_adam_keeps_two_thirds_of_the_bytes(report):
    weights = 4 * (4 * 3 + 3)
    assert report.bytes == {"optimizer": 2 * weights + 8, "inference": weights}


def test_output_is_found_by_structure(report):
    best, *others = report.graphs[0].outputs
    assert (best.tensor, best.dtype, best.shape) == ("answer:0", "float32", (None, 3))
    assert all(other.score < best.score - 2 for other in others)


def test_input_is_what_the_output_needs(report):
    assert [item.tensor for item in report.graphs[0].inputs] == ["x:0"]


def test_output_in_the_card_is_taken(graph_def):
    put_card(graph_def, {"output": "logits:0"})
    (found,) = output_candidates(graph_def)
    assert (found.tensor, found.reason) == ("logits:0", "named in the model card")


def test_output_is_found_without_a_card(small):
    graph_def = read_meta(f"{small.prefix}.meta").graph_def
    nodes = [node for node in graph_def.node if node.name != "model_card"]
    guess = CandidateSearch(tf1.GraphDef(node=nodes, versions=graph_def.versions))
    assert guess.labels == {"y_true"}
    assert guess.outputs()[0].tensor == "y_pred:0"


def test_label_of_mean_squared_error_is_found_by_structure():
    with tf.Graph().as_default() as graph:
        first, second = (tf1.placeholder(tf.float32, [None, 2]) for _ in range(2))
        weights = tf1.get_variable("w", [2, 2])
        guess = tf.tanh(tf.matmul(first, weights), name="guess")
        loss = tf.reduce_mean(tf.square(guess - second))
        tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    found = CandidateSearch(graph.as_graph_def())
    assert found.labels == {"Placeholder_1"}
    assert found.outputs()[0].tensor == "guess:0"


def test_output_in_a_signature_is_taken():
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [2], name="x")
        tf.identity(tf.nn.softmax(x), name="other")
        tf.identity(x, name="y")
    meta = tf1.MetaGraphDef()
    meta.signature_def["serve"].outputs["y"].name = "y:0"
    (found,) = output_candidates(graph.as_graph_def(), meta)
    assert (found.tensor, found.reason) == ("y:0", "an output of signature 'serve'")


def test_inference_is_counted_for_the_given_outputs(prefix):
    found = inspect(prefix, ["logits"])
    assert found.graphs[0].answers == ["logits"]
    assert found.graphs[0].roles["inference"] == 7


def test_statistics_that_were_not_saved_are_missing_and_needed(tmp_path):
    save(tmp_path / "model", normalised, variables=tf1.trainable_variables)
    (missing,) = inspect(tmp_path).missing
    assert missing == ("norm/moving_mean", "float32 [4]", "not saved", True)


def test_variable_that_only_training_needs_may_be_unsaved(tmp_path):
    save(tmp_path / "model", line, variables=tf1.trainable_variables)
    assert inspect(tmp_path).missing == []


def test_variables_of_another_shape_are_mismatched(tmp_path, copied):
    save(tmp_path / "other", lambda: line(units=5))
    found = inspect(copied("meta", name="other"))
    kernel = found.mismatched[0]
    assert kernel == ("dense/kernel", "float32 [4, 3]", "float32 [4, 5]", True)
    assert len(found.mismatched) == 6


def test_variables_that_the_graph_does_not_read_are_unexpected(tmp_path, copied):
    save(tmp_path / "other", normalised)
    found = inspect(copied("meta", name="other"))
    assert found.unexpected == ["norm/gamma", "norm/moving_mean"]
    assert found.missing[0].checkpoint == "no 'dense/kernel'"


def test_renamed_key_is_shown_with_its_variable(tmp_path):
    def variables():
        return {"old/name": tf1.global_variables()[0]}

    save(tmp_path / "model", lambda: tf1.Variable([1.0], name="w"), variables=variables)
    found = inspect(tmp_path)
    assert row(found, "old/name").variable == "w"
    assert "variable w" in as_text(found)


def test_damaged_variable_is_reported(copied):
    data = copied() / "model.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    assert list(inspect(data.parent).damaged) == ["dense/kernel/Adam_1"]
    assert inspect(data.parent, verify=False).damaged == {}


def test_index_and_data_alone_are_listed_with_slots_by_name(copied):
    found = inspect(copied("[di]*"))
    assert row(found, "dense/bias").slots == ("dense/bias/Adam", "dense/bias/Adam_1")
    assert found.warnings[0].endswith("model.meta is missing")


def test_meta_alone_is_a_graph_with_a_warning(copied, report):
    found = inspect(copied("meta") / "model.meta")
    assert found.warnings == ["no variables: the graph has no checkpoint beside it"]
    assert found.graphs == report.graphs


def test_v1_checkpoint_is_inspected(tmp_path):
    save(tmp_path / "old", line, write_version=1)
    found = inspect(tmp_path / "old")
    assert found.format == "V1"
    assert row(found, "dense/kernel").role == "inference"


def test_frozen_model_shows_card_constants_and_nothing_unsafe(small):
    (graph,) = inspect(small.path).graphs
    assert graph.card["class_names"] == ["cat", "dog"]
    assert graph.findings == []
    weights = sum(c.bytes for c in graph.constants if c.dtype == "float32")
    checkpoint = inspect(small.prefix).bytes["inference"]
    assert weights == checkpoint


def test_constants_have_the_size_of_their_values(small):
    graph_def = graphs_at(small.path).graphs[0].graph_def
    largest = inspect(small.path).graphs[0].constants[0]
    node = next(node for node in graph_def.node if node.name == largest.name)
    value = tf.make_ndarray(node.attr["value"].tensor)
    assert (largest.shape, largest.bytes) == (value.shape, value.nbytes)


def test_text_graph_is_inspected_as_its_binary(small, tmp_path):
    (tmp_path / "text.pb").write_text(str(graphs_at(small.path).graphs[0].graph_def))
    text, binary = inspect(tmp_path / "text.pb"), inspect(small.path)
    assert text.graphs[0].ops == binary.graphs[0].ops


def test_unsafe_op_is_in_the_report(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.io.write_file("a", "b")
    (tmp_path / "bad.pb").write_bytes(graph.as_graph_def().SerializeToString())
    found = inspect(tmp_path / "bad.pb")
    assert [finding.op for finding in found.graphs[0].findings] == ["WriteFile"]
    assert "refuse  WriteFile  WriteFile  writes files" in as_text(found)


def test_saved_model_is_graph_and_variables(tmp_path):
    class Model(tf.Module):
        def __init__(self):
            self.w = tf.Variable([2.0])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x):
            return x * self.w

    model = Model()
    tf.saved_model.save(model, str(tmp_path), signatures=model.__call__)
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        found = inspect(path)
        assert found.graphs[0].kind == "SavedModel serve"
        assert "w/.ATTRIBUTES/VARIABLE_VALUE" in [row.key for row in found.variables]


def test_report_survives_json(report, small):
    for found in (report, inspect(small.path)):
        plain = found.as_dict()
        assert json.loads(json.dumps(plain)) == plain


def test_text_has_a_line_for_every_variable(report):
    lines = as_text(report).splitlines()
    for item in report.variables:
        assert any(line.split()[:2] == [item.key, "float32"] for line in lines)


def test_text_names_shares_and_roles(report):
    text = as_text(report)
    assert "Nodes by role (outputs: answer:0)" in text
    assert "inference   60  31.9%" in text


def test_other_file_is_refused(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(ValueError, match="no graph file"):
        inspect(tmp_path / "photo.jpg")


def test_damaged_meta_is_reported_or_refused(copied):
    meta = copied() / "model.meta"
    data = meta.read_bytes()
    dice, outcomes = np.random.default_rng(1), set()
    for _ in range(60):
        flipped = bytearray(data)
        flipped[dice.integers(len(data))] ^= 1 << dice.integers(8)
        meta.write_bytes(flipped)
        try:
            outcomes.add(type(as_text(inspect(meta.parent))))
        except ValueError as error:
            outcomes.add(type(error))
    assert outcomes == {str, ValueError}


@pytest.fixture
def cases(shared):
    return json.loads((shared / "checkpoints/cases.json").read_text())["cases"]


def test_outputs_of_shared_graphs_are_found(shared, cases):
    for case in cases:
        meta = read_meta(f"{shared / 'checkpoints' / case['prefix']}.meta")
        found = output_candidates(meta.graph_def, meta)
        names = [item.tensor.removesuffix(":0") for item in found]
        assert set(case["outputs"]) <= set(names), case["name"]


def test_shared_checkpoints_agree_with_their_graphs(shared, cases):
    for case in cases:
        found = inspect(shared / "checkpoints" / case["prefix"], case["outputs"])
        assert found.mismatched == found.missing == [], case["name"]
        assert sum(found.graphs[0].roles.values()) == found.graphs[0].nodes
        assert sum(found.bytes.values()) == sum(row.bytes for row in found.variables)


def test_shared_bytes_add_up_to_the_data_file(shared):
    prefix = shared / "checkpoints/dogcat_cvtricks_variants/dogs-cats-model-v2"
    found = inspect(prefix)
    total = sum(found.bytes.values())
    assert total == found.files[f"{prefix.name}.data-00000-of-00001"]
    assert np.isclose(found.bytes["inference"] / total, 1 / 3, atol=1e-4)
