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
    checkpoint_answers,
    counting,
    dense,
    feeds_of,
    frozen_answers,
    iterated,
    noisy,
    numbers,
    ops,
    perceptron,
    queued,
    read,
    save,
    variable,
)

tf1 = tf.compat.v1
X = {"x": numbers(2, 4)}
UNFROZEN = {"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp", "RefSwitch"}
UNFROZEN |= {"RefEnter", "Assign", "AssignVariableOp", "ResourceGather", "Assert"}


@pytest.mark.parametrize("resource", [True, False], ids=["resource", "reference"])
@pytest.mark.parametrize("old", [True, False], ids=["switches", "functions"])
@pytest.mark.parametrize("name", MODELS)
def test_frozen_graph_answers_like_its_checkpoint(name, old, resource, tmp_path):
    form = V1 if old else V2
    prefix = save(
        lambda: MODELS[name](use_resource=resource),
        tmp_path,
        old=old,
        write_version=form,
    )
    report = freeze(prefix, outputs="y")
    assert report.proof.verdict == "exact"
    start = report.card.get("initialisers", ())
    frozen = frozen_answers(report.output, ["y"], feeds_of(name), start)
    assert np.array_equal(frozen, checkpoint_answers(prefix, ["y"], feeds_of(name)))
    assert not ops(report.output) & UNFROZEN


def test_frozen_graph_is_the_one_that_tensorflow_freezes(tmp_path):
    prefix = save(perceptron, tmp_path)
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        tf1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
        convert = tf1.graph_util.convert_variables_to_constants
        theirs = convert(session, graph.as_graph_def(), ["y"])
    assert freeze(prefix, outputs="y").fingerprint == fingerprint(theirs)


def test_the_lessons_network_freezes_to_the_lessons_graph(small, tmp_path):
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
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        batch_size = tf1.placeholder(tf.int32, [], name="batch_size")
        y = x + tf.zeros([batch_size, 4]) * variable("w", [4])
        tf.identity(
            tf.ensure_shape(tf.reshape(y, [batch_size, 4]), [None, 4]), name="y"
        )

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.proof.verdict == "exact"
    assert report.proof.inputs["x:0"] == [2, 4]


def edited(edit, folder, build=lambda: perceptron(use_resource=False)):
    """The report and answers of a model whose MetaGraphDef was changed."""
    save(build, folder / "as_it_was")
    prefix = save(build, folder / "edited", edit=edit)
    report = freeze(prefix, outputs="y")
    expected = checkpoint_answers(f"{folder}/as_it_was/model-ckpt", ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)
    return report


@pytest.mark.parametrize(
    "edit",
    EDITS.values(),
    ids=EDITS,
)
def test_old_and_foreign_graphs_freeze_as_if_new(edit, tmp_path):
    assert edited(edit, tmp_path).proof.verdict == "exact"


@pytest.mark.parametrize("form", [V1, V2], ids=["V1", "V2"])
def test_sharded_checkpoints_freeze(form, tmp_path):
    prefix = save(perceptron, tmp_path, sharded=True, write_version=form)
    report = freeze(str(prefix).replace("-?????-of-00001", ""), outputs="y")
    assert report.proof.verdict == "exact"


def test_partitioned_variables_of_the_old_format_freeze(tmp_path):
    prefix = save(MODELS["partitioned"], tmp_path, write_version=V1)
    assert freeze(prefix, outputs="y").proof.verdict == "exact"


def test_the_savers_keys_count_not_the_variables_names(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        one, two = variable("one", [4]), tf1.get_variable("two", [4])
        tf.add(x * one, two, name="y")
        return {"two": one, "one": two}

    prefix = save(build, tmp_path)
    frozen = frozen_answers(freeze(prefix, outputs="y").output, ["y"], X)
    assert np.array_equal(frozen, checkpoint_answers(prefix, ["y"], X))


def test_several_savers_leave_each_variable_its_own_key(tmp_path):
    def build():
        perceptron()
        tf1.train.Saver({"elsewhere": tf1.trainable_variables()[0]}, name="other")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"


def test_variables_of_other_types_keep_them(tmp_path):
    def build():
        half = tf1.get_variable("half", initializer=tf.constant([1.5, 2], tf.bfloat16))
        flag = tf1.get_variable("flag", initializer=[True, False])
        words = tf1.get_variable(
            "words", initializer=["cat", "dog"], use_resource=False
        )
        whole = tf1.get_variable("whole", initializer=tf.constant([3, 4], tf.int64))
        for values in (half, flag, words, whole):
            tf.identity(values, name=f"{values.op.name}_out")

    names = ["half_out", "flag_out", "words_out", "whole_out"]
    prefix = save(build, tmp_path)
    report = freeze(prefix, outputs=names)
    frozen = frozen_answers(report.output, names, {})
    for ours, theirs in zip(frozen, checkpoint_answers(prefix, names, {}), strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


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

    graph = tf.Graph()
    with graph.as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.string, [None], name="x")
        table = MutableHashTable(tf.string, tf.int64, -1, name="words")
        table.lookup(x, name="y")
        tf1.get_variable("unused", [2])
        session.run(tf1.global_variables_initializer())
        session.run(table.insert(tf.constant(["cat"]), tf.constant([7], tf.int64)))
        prefix = tf1.train.Saver().save(session, f"{tmp_path}/model")
    (name,) = [n.name for n in read_meta(prefix) if n.op.startswith("LookupTableFind")]
    report = freeze(prefix, outputs=name)
    feeds = {"x": np.array(["cat", "dog"], object)}
    start = report.card["initialisers"]
    assert frozen_answers(report.output, [name], feeds, start)[0].tolist() == [7, -1]


def read_meta(prefix):
    meta = tf1.MetaGraphDef()
    with open(f"{prefix}.meta", "rb") as file:
        meta.ParseFromString(file.read())
    return meta.graph_def.node


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
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        kernel = variable("kernel", [4, 4])

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

    prefix = save(build, tmp_path)
    report = freeze(prefix, outputs="y")
    expected = checkpoint_answers(prefix, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)


def without_defaults(meta):
    """As exporters strip them: batch normalization then says not that it trains."""
    for node in meta.graph_def.node:
        for name in ("transpose_a", "transpose_b", "shape", "epsilon", "is_training"):
            variable_shape = name == "shape" and node.op.startswith("Var")
            if name in node.attr and not node.attr[name].b and not variable_shape:
                node.attr.pop(name)


def test_attributes_left_out_have_their_defaults(tmp_path):
    report = edited(without_defaults, tmp_path)
    assert report.proof.verdict == "exact"


def counted_in_a_loop():
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    weights, count = variable("w", [4]), variable("count", [])

    def step(i, state):
        with tf.control_dependencies([count.assign_add(1.0)]):
            return i + 1, state * weights

    tf.identity(tf1.while_loop(lambda i, _: i < 2, step, [0, x])[1], name="y")


def checked_in_a_branch():
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    weights = variable("w", [4])

    def constant():
        with tf.control_dependencies([tf1.assert_less(x, 1e9)]):
            return tf.constant([[1.0, 2.0, 3.0, 4.0]])

    y = tf1.cond(tf.reduce_sum(x) > 1e6, constant, lambda: x * weights)
    tf.identity(y, name="y")


@pytest.mark.parametrize("build", [counted_in_a_loop, checked_in_a_branch])
def test_constants_stay_in_their_loop_or_branch(build, tmp_path):
    prefix = save(build, tmp_path, old=True)
    report = freeze(prefix, outputs="y")
    expected = checkpoint_answers(prefix, ["y"], X)
    assert np.array_equal(frozen_answers(report.output, ["y"], X), expected)


def test_variables_of_no_stated_shape_freeze(tmp_path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        open_shape = tf1.get_variable(
            "w", initializer=[[1.0, 2, 3, 4]], validate_shape=False, use_resource=False
        )
        tf.multiply(x, open_shape, name="y")

    assert freeze(save(build, tmp_path), outputs="y").proof.verdict == "exact"
