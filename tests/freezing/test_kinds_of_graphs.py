"""Every kind of checkpoint freezes to what TensorFlow's own restoring answers."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.by_session import freeze_by_session
from helpers.freezing.freeze import freeze
from helpers.graphs.fingerprint import fingerprint
from tests.freezing.small_models import (
    EDITS,
    MODELS,
    V1,
    V2,
    X,
    checkpoint_answers,
    counting,
    dense,
    fed,
    feeds_of,
    frozen_answers,
    frozen_as_checkpoint,
    iterated,
    noisy,
    ops,
    perceptron,
    queued,
    read,
    save,
    swapped_keys,
    variable,
)

pytestmark = pytest.mark.slow

tf1 = tf.compat.v1
UNFROZEN = {"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp", "RefSwitch"}
UNFROZEN |= {"RefEnter", "Assign", "AssignVariableOp", "ResourceGather", "Assert"}


@pytest.mark.parametrize("resource", [True, False], ids=["resource", "reference"])
@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
@pytest.mark.parametrize("name", MODELS)
def test_frozen_graph_answers_like_its_checkpoint(name, old, resource, tmp_path):
    build, form = lambda: MODELS[name](use_resource=resource), V1 if old else V2
    prefix = save(build, tmp_path, old=old, write_version=form)
    report = frozen_as_checkpoint(prefix, feeds_of(name))
    assert report.proof.verdict == "exact"
    assert not ops(report.output) & UNFROZEN


def test_the_lessons_network_freezes_to_tensorflows_graph(small, tmp_path):
    report = freeze(small.prefix, outputs="y_pred", output=tmp_path / "small.pb")
    by_session = freeze_by_session(f"{small.prefix}.meta", small.prefix)
    assert report.fingerprint == fingerprint(by_session)
    assert report.proof.verdict == "exact"


def test_the_resnet_keeps_nothing_of_its_training(resnet, tmp_path):
    report = freeze(resnet.prefix, outputs="y_pred", output=tmp_path / "resnet.pb")
    assert report.bound == {"is_training:0": False}
    assert report.proof.verdict == "exact"
    left = ops(report.output)
    assert not left & {"If", "StatelessIf", "PlaceholderWithDefault", "RandomUniform"}
    assert "is_training" not in {node.name for node in read(report.output).node}


def test_numbers_called_sizes_fit_the_batch(tmp_path):
    def build():
        batch_size = tf1.placeholder(tf.int32, [], name="batch_size")
        y = fed() + tf.zeros([batch_size, 4]) * variable("w", [4])
        tf.ensure_shape(tf.reshape(y, [batch_size, 4]), [None, 4], name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    assert report.proof.inputs["x:0"] == [2, 4]


def without_defaults(meta):
    """Remove attributes with default values, as exporters do."""
    for node in meta.graph_def.node:
        for name in ("transpose_a", "transpose_b", "shape", "epsilon", "is_training"):
            variable_shape = name == "shape" and node.op.startswith("Var")
            if name in node.attr and not node.attr[name].b and not variable_shape:
                node.attr.pop(name)


@pytest.mark.parametrize(
    "edit", [*EDITS.values(), without_defaults], ids=[*EDITS, "attributes left out"]
)
def test_old_and_foreign_graphs_freeze_as_if_new(edit, tmp_path):
    build = lambda: perceptron(use_resource=False)  # noqa: E731
    original = save(build, tmp_path / "original")
    report = freeze(save(build, tmp_path / "edited", edit=edit), outputs="y")
    assert report.proof.verdict == "exact"
    expected = checkpoint_answers(original, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)


@pytest.mark.parametrize("form", [V1, V2], ids=["V1", "V2"])
def test_sharded_checkpoints_freeze(form, tmp_path):
    prefix = save(perceptron, tmp_path, sharded=True, write_version=form)
    report = freeze(str(prefix).replace("-?????-of-00001", ""), outputs="y")
    assert report.proof.verdict == "exact"


def test_the_savers_keys_count_not_the_variables_names(tmp_path):
    frozen_as_checkpoint(save(swapped_keys, tmp_path))


def test_several_savers_leave_each_variable_its_own_key(tmp_path):
    def build():
        perceptron()
        tf1.train.Saver({"elsewhere": tf1.trainable_variables()[0]}, name="other")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"


def test_variables_of_other_types_keep_them(tmp_path):
    def build():
        half = tf1.get_variable("half", initializer=tf.constant([1.5, 2], tf.bfloat16))
        flag = tf1.get_variable("flag", initializer=[True, False])
        texts = {"initializer": ["cat", "dog"], "use_resource": False}
        words = tf1.get_variable("words", **texts)
        whole = tf1.get_variable("whole", initializer=tf.constant([3, 4], tf.int64))
        for values in (half, flag, words, whole):
            tf.identity(values, name=f"{values.op.name}_out")

    names = ["half_out", "flag_out", "words_out", "whole_out"]
    frozen_as_checkpoint(save(build, tmp_path), {}, outputs=names)


def test_a_graph_that_counts_its_runs_is_proven_on_the_first_and_warned_of(tmp_path):
    report = freeze(save(counting, tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    assert "changes its own state" in report.proof.note
    assert any("'runs'" in text for text in report.warnings)


def test_a_graph_that_is_random_by_itself_is_proven_with_equal_seeds(tmp_path):
    report = freeze(save(noisy, tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    assert "same seeds" in report.proof.note
    assert any(text.startswith("RANDOM: random_normal") for text in report.warnings)


def test_a_table_filled_from_a_file_carries_its_words(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("cat\ndog\n")

    def build():
        x = tf1.placeholder(tf.string, [None], name="x")
        lines = tf.lookup.TextFileInitializer(
            str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        rows = tf.lookup.StaticHashTable(lines, 2).lookup(x)
        tf.gather(variable("table", [3]), rows, name="y")

    prefix = save(build, tmp_path)
    feeds = {"x": np.array(["dog", "?", "cat"], object)}
    expected = checkpoint_answers(prefix, ["y"], feeds)
    report = freeze(prefix, outputs="y")
    words.unlink()
    start = report.card["initialisers"]
    assert np.array_equal(frozen_answers(report.output, ["y"], feeds, start), expected)
    assert "InitializeTableFromTextFileV2" not in ops(report.output)


def test_a_table_that_was_saved_carries_what_was_in_it(tmp_path):
    from tensorflow.python.ops.lookup_ops import MutableHashTable

    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.string, [None], name="x")
        table = MutableHashTable(tf.string, tf.int64, -1, name="words")
        table.lookup(x, name="y")
        tf1.get_variable("unused", [2])
        session.run(tf1.global_variables_initializer())
        session.run(table.insert(tf.constant(["cat"]), tf.constant([7], tf.int64)))
        prefix = tf1.train.Saver().save(session, f"{tmp_path}/model")
        nodes = tf1.get_default_graph().as_graph_def().node
    (name,) = [n.name for n in nodes if n.op.startswith("LookupTableFind")]
    report = freeze(prefix, outputs=name)
    feeds = {"x": np.array(["cat", "dog"], object)}
    start = report.card["initialisers"]
    assert frozen_answers(report.output, [name], feeds, start)[0].tolist() == [7, -1]


@pytest.mark.parametrize("build", [queued, iterated])
def test_input_pipelines_become_placeholders(build, tmp_path):
    report = freeze(save(build, tmp_path), outputs="y")
    ((_, said),) = report.inputs.items()
    assert said == "float32 [N, 4]"
    assert "Placeholder" in ops(report.output)
    assert report.proof.verdict == "exact"


def test_functions_are_kept_where_loops_need_them(tmp_path):
    report = freeze(save(MODELS["loop"], tmp_path), outputs="y")
    assert len(read(report.output).library.function) == 2


def test_a_loop_in_a_branch_in_a_loop_freezes(tmp_path):
    def build():
        x, kernel = fed(), variable("kernel", [4, 4])

        def inner(j, state):
            return j + 1, tf.tanh(tf.matmul(state, kernel))

        def outer(i, state):
            def deeper():
                return tf1.while_loop(lambda j, _: j < 2, inner, [0, state])[1]

            return i + 1, tf1.cond(
                tf.reduce_sum(state) > 1, deeper, lambda: state + kernel[0]
            )

        _, y = tf1.while_loop(lambda i, _: i < 3, outer, [0, x])
        tf.identity(dense(y, 2, "last"), name="y")

    frozen_as_checkpoint(save(build, tmp_path))


def counted_in_a_loop():
    x, weights, count = fed(), variable("w", [4]), variable("count", [])

    def step(i, state):
        with tf.control_dependencies([count.assign_add(1.0)]):
            return i + 1, state * weights

    tf.identity(tf1.while_loop(lambda i, _: i < 2, step, [0, x])[1], name="y")


def checked_in_a_branch():
    x, weights = fed(), variable("w", [4])

    def constant():
        with tf.control_dependencies([tf1.assert_less(x, 1e9)]):
            return tf.constant([[1.0, 2.0, 3.0, 4.0]])

    y = tf1.cond(tf.reduce_sum(x) > 1e6, constant, lambda: x * weights)
    tf.identity(y, name="y")


@pytest.mark.parametrize("build", [counted_in_a_loop, checked_in_a_branch])
def test_constants_stay_in_their_loop_or_branch(build, tmp_path):
    frozen_as_checkpoint(save(build, tmp_path, old=True))


def test_variables_of_no_stated_shape_freeze(tmp_path):
    def build():
        how = {"validate_shape": False, "use_resource": False}
        weights = tf1.get_variable("w", initializer=[[1.0, 2, 3, 4]], **how)
        tf.multiply(fed(), weights, name="y")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"
