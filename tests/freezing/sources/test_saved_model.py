"""A SavedModel freezes without its objects, as TensorFlow's v1 loader runs it."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.saved_models import (
    ROWS,
    Spec,
    Weights,
    alike,
    build_v1,
    dense_signature,
    edit,
    frozen_as_loaded,
    frozen_outputs,
    loaded_answers,
    save_function,
    signature,
)
from tests.freezing.small_models import dense, numbers

tf1 = tf.compat.v1
pytestmark = pytest.mark.slow


def named_twice(module, x):
    return {"y": x @ module.kernel + module.bias}


def loop(module, x):
    step = tf.constant(0)
    while step < module.steps:
        x, step = tf.tanh(x @ module.kernel @ tf.transpose(module.kernel)), step + 1
    return {"y": x}


def branch(module, x):
    if tf.reduce_sum(x) > 0:
        return {"y": x @ module.kernel}
    return {"y": module.bias - x @ module.kernel}


def case(module, x):
    branches = {0: lambda: x @ module.kernel, 1: lambda: x[:, :3] + module.bias}
    return {"y": tf.switch_case(tf.shape(x)[0] - 1, branches)}


def counted_twice(module, x):
    @tf.function
    def count():
        module.count.assign_add(2.0)
        return module.count.read_value()

    return {"y": x * count() + count()}


def tensor_list(module, x):
    rows = tf.TensorArray(tf.float32, 3)
    for i in tf.range(3):
        rows = rows.write(i, x @ module.kernel * tf.cast(i, tf.float32))
    return {"y": rows.stack()}


def rows_apart(module, x):
    return {"y": tf.map_fn(lambda row: tf.linalg.matvec(module.kernel, row, True), x)}


def custom_gradient(module, x):
    relu = tf.custom_gradient(lambda z: (tf.nn.relu(z), lambda upstream: upstream))
    return {"y": relu(x @ module.kernel)}


def compiled(module, x):
    @tf.function(jit_compile=True)
    def softmax(z):
        return tf.nn.softmax(3 * tf.tanh(z))

    return {"y": softmax(x @ module.kernel)}


def gradient(module, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.square(x @ module.kernel))
    return {"y": tape.gradient(y, x)}


def same_key(module, x):
    return {"x": 2 * x, "y": x @ module.kernel}


def checked(module, x):
    tf.debugging.assert_all_finite(x, "not finite")
    tf.debugging.assert_greater(tf.shape(x)[0], 0)
    return {"y": x @ module.kernel}


FUNCTIONS = (
    *(named_twice, loop, branch, case, counted_twice, tensor_list, rows_apart),
    *(custom_gradient, compiled, gradient, same_key, checked),
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_function_freezes_as_it_runs(function, tmp_path):
    frozen_as_loaded(save_function(function, tmp_path / "export"), ROWS)


def test_ops_are_named_by_the_keys_and_by_the_layers_without_calls(tmp_path):
    report = freeze(save_function(named_twice, tmp_path / "export"))
    assert [*report.inputs] == ["x:0"]
    assert [*report.outputs] == ["y:0"]
    assert (report.card["input"], report.card["output"]) == ("x:0", "y:0")


@pytest.mark.parametrize(
    ("key", "op"),
    [
        ("Conv1_input", "Conv1_input"),
        ("a b/c:0", "a_b/c_0"),
        ("Überraschung", "Uberraschung"),
        ("画像", "output_0"),
        ("_private", "private"),
    ],
)
def test_a_key_of_any_characters_becomes_an_op_name(key, op, tmp_path):
    folder = save_function(lambda module, x: {key: x @ module.kernel}, tmp_path / "m")
    report = frozen_as_loaded(folder, ROWS)
    assert [*report.outputs] == [f"{op}:0"]
    assert report.card["signature"]["outputs"] == {key: f"{op}:0"}


def test_an_input_may_have_a_name_of_any_alphabet(tmp_path):
    folder = save_function(named_twice, tmp_path / "export")

    def rename(meta):
        inputs = meta.signature_def["serving_default"].inputs
        inputs["изображение"].CopyFrom(inputs["x"])
        del inputs["x"]

    expected = loaded_answers(folder, ROWS)["y"]
    edit(folder, rename)
    report = freeze(folder)
    assert [*report.inputs] == ["input_0:0"]
    assert alike(frozen_outputs(report, {"input_0": ROWS["x"]})[0], expected)


def test_outputs_may_be_named_by_keys_or_by_ops_inside_functions(tmp_path):
    folder = save_function(named_twice, tmp_path / "export")
    assert [*freeze(folder, outputs="y").outputs] == ["y:0"]
    report = freeze(folder, outputs="matmul")
    assert report.proof.verdict == "exact"


def rows_of(*sizes: int | None, **how) -> tf.RaggedTensorSpec:
    return tf.RaggedTensorSpec([None, *sizes], tf.float32, **how)


RAGGED = {
    "sums": (rows_of(None), lambda m, rows: tf.reduce_sum(rows, 1)),
    "rows of rows": (rows_of(None, None), lambda m, rows: tf.reduce_sum(rows, [1, 2])),
    "rows of vectors": (
        rows_of(None, 4, ragged_rank=1),
        lambda m, rows: tf.reduce_mean(rows.with_values(rows.values @ m.kernel), 1),
    ),
    "ragged answers": (rows_of(None), lambda m, rows: rows * 2),
}


@pytest.mark.parametrize(("spec", "function"), RAGGED.values(), ids=RAGGED)
def test_a_ragged_input_is_its_values_and_row_splits(spec, function, tmp_path):
    def compute(module, rows):
        return {"y": function(module, rows)}

    report = freeze(save_function(compute, tmp_path / "m", spec))
    assert report.proof.verdict == "exact"
    assert len(report.inputs) == 1 + spec.ragged_rank


def test_an_input_that_no_output_needs_is_fed_to_the_original_alone(tmp_path):
    unused = Spec([None, 2], tf.int64, "Unused")
    x = Spec([None, 4], tf.float32, "x")
    folder = save_function(
        lambda m, x, unused: {"y": x @ m.kernel}, tmp_path / "m", x, unused
    )
    assert [*freeze(folder).inputs] == ["x:0"]


def test_a_dropout_in_training_mode_is_bound(tmp_path):
    folder = save_function(lambda m, x: {"y": tf.nn.dropout(x, 0.5)}, tmp_path / "m")
    report = freeze(folder)
    assert report.proof.verdict == "exact"
    assert alike(frozen_outputs(report, ROWS)[0], ROWS["x"])


def test_two_draws_from_one_generator_are_refused(tmp_path):
    class Drawing(Weights):
        def __init__(self):
            super().__init__()
            self.generator = tf.random.Generator.from_seed(1)

        @tf.function(input_signature=[Spec([None, 4], tf.float32, "x")])
        def __call__(self, x):
            first, second = self.generator.normal([4]), self.generator.normal([4])
            return {"y": x * first + second}

    tf.saved_model.save(Drawing(), str(tmp_path / "export"))
    with pytest.raises(FreezeError, match="draw random numbers from the generator"):
        freeze(tmp_path / "export")


def test_a_flip_at_random_is_off(tmp_path):
    def flip(_module, x):
        return {"y": tf.where(tf.random.uniform([]) <= 0.5, tf.reverse(x, [1]), x)}

    report = freeze(save_function(flip, tmp_path / "export"))
    assert np.array_equal(frozen_outputs(report, ROWS)[0], ROWS["x"])
    assert report.removed["augmentation"] == 1


def test_weights_of_16_bits_are_compared_with_the_rounded_ones(tmp_path):
    report = freeze(save_function(named_twice, tmp_path / "m"), weights="bfloat16")
    assert report.proof.verdict == "close"
    assert report.rounding > 0


def test_serialized_examples_are_parsed(tmp_path):
    def parse(module, examples):
        features = {
            "a": tf.io.FixedLenFeature([4], tf.float32),
            "b": tf.io.VarLenFeature(tf.int64),
        }
        found = tf.io.parse_example(examples, features)
        return {"y": found["a"] @ module.kernel, "n": tf.sparse.to_dense(found["b"])}

    folder = save_function(parse, tmp_path / "m", Spec([None], tf.string, "examples"))
    example = tf.train.Example()
    example.features.feature["a"].float_list.value.extend([1, 2, 3, 4])
    example.features.feature["b"].int64_list.value.extend([5, 6])
    frozen_as_loaded(folder, {"examples": [example.SerializeToString()]})


class Tables(Weights):
    """Tables filled from a file and from values, and a file that is read."""

    def __init__(self, folder: Path):
        super().__init__()
        lookup, words = tf.lookup, folder / "words.txt"
        words.write_text("cat\ndog\nVögel\n")
        (folder / "blob").write_bytes(b"\x00\x01\x00")
        line, number = lookup.TextFileIndex.WHOLE_LINE, lookup.TextFileIndex.LINE_NUMBER
        forward = lookup.TextFileInitializer(
            str(words), tf.string, line, tf.int64, number
        )
        back = lookup.TextFileInitializer(str(words), tf.int64, number, tf.string, line)
        self.numbers = lookup.StaticVocabularyTable(forward, 2)
        self.words = lookup.StaticHashTable(back, "?")
        self.blob = tf.saved_model.Asset(str(folder / "blob"))

    @tf.function(input_signature=[Spec([None], tf.string, "words")])
    def __call__(self, words):
        found = self.numbers.lookup(words)
        data = tf.io.decode_raw(tf.io.read_file(self.blob.asset_path), tf.uint8)
        return {"back": self.words.lookup(found), "data": data, "number": found}


class MutableTables(Weights):
    """Tables whose contents are in the checkpoint."""

    def __init__(self, _folder: Path):
        super().__init__()
        make = tf.lookup.experimental
        self.hashed = make.MutableHashTable(tf.string, tf.int64, -1)
        self.hashed.insert(tf.constant(["cat", "dog"]), tf.constant([5, 6], tf.int64))
        self.dense = make.DenseHashTable(tf.int64, tf.int64, -1, -2, -3)
        self.dense.insert(tf.constant([6, 9], tf.int64), tf.constant([7, 8], tf.int64))

    @tf.function(input_signature=[Spec([None], tf.string, "words")])
    def __call__(self, words):
        found = self.hashed.lookup(words)
        return {"a": found, "b": self.dense.lookup(found)}


@pytest.mark.parametrize("again", [False, True], ids=["saved", "loaded_and_saved"])
@pytest.mark.parametrize("kind", [Tables, MutableTables])
def test_tables_and_files_are_in_the_frozen_graph(kind, again, tmp_path):
    folder = tmp_path / "export"
    tf.saved_model.save(kind(tmp_path), str(folder))
    if again:
        loaded = tf.saved_model.load(str(folder))
        folder = tmp_path / "again"
        tf.saved_model.save(loaded, str(folder))
    words = {"words": np.array(["dog", "Vögel", "?"], object)}
    report = frozen_as_loaded(folder, words)
    shutil.rmtree(folder)
    assert len(frozen_outputs(report, words)) == len(report.outputs)


def two_signatures(folder: Path, **names) -> Path:
    """A SavedModel with the signatures `plus` and `times`, or of the given names."""
    module = Weights()
    spec = Spec([None, 4], tf.float32, "x")
    functions = {
        "times": tf.function(lambda x: {"product": x * module.bias[0]}),
        "plus": tf.function(lambda x: {"sum": x + module.bias[0], "given": x}),
    }
    signatures = {
        names.get(name, name): function.get_concrete_function(spec)
        for name, function in functions.items()
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


@pytest.mark.parametrize("key", ["times", "plus"])
def test_any_signature_can_be_frozen(key, tmp_path):
    frozen_as_loaded(two_signatures(tmp_path / "export"), ROWS, signature=key)


def test_verify_reads_the_signature_that_was_frozen(tmp_path):
    folder = two_signatures(tmp_path / "export")
    frozen = freeze(folder, signature="plus").output
    assert verify(frozen, folder).proof.verdict == "exact"


def test_the_serving_signature_is_taken_and_said(tmp_path):
    report = freeze(two_signatures(tmp_path / "export", times="serving_default"))
    assert [*report.outputs] == ["product:0"]
    assert "plus, serving_default; serving_default is taken" in report.warnings[0]


def test_a_choice_of_signatures_is_listed(tmp_path):
    with pytest.raises(FreezeError, match=r"none is serving_default: plus, times"):
        freeze(two_signatures(tmp_path / "export"))


def test_a_signature_that_is_not_there_is_refused_with_the_closest(tmp_path):
    folder = two_signatures(tmp_path / "export")
    with pytest.raises(FreezeError, match="did you mean 'times'"):
        freeze(folder, signature="time")


def test_a_module_without_a_signature_is_refused(tmp_path):
    tf.saved_model.save(Weights(), str(tmp_path / "export"))
    with pytest.raises(FreezeError, match="has no signature: what it takes"):
        freeze(tmp_path / "export")


def test_a_missing_folder_of_variables_is_missing(tmp_path):
    folder = save_function(named_twice, tmp_path / "export")
    shutil.rmtree(folder / "variables")
    with pytest.raises(FreezeError, match=r"variables\.index is missing"):
        freeze(folder / "saved_model.pb")


def test_a_missing_data_file_is_missing(tmp_path):
    folder = save_function(named_twice, tmp_path / "export")
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    with pytest.raises(FreezeError, match=r"data-00000-of-00001 is missing"):
        freeze(folder)


@pytest.mark.parametrize("name", ["words.txt", "blob"])
def test_a_missing_asset_is_named(name, tmp_path):
    tf.saved_model.save(Tables(tmp_path), str(tmp_path / "export"))
    for file in (tmp_path / name, tmp_path / "export" / "assets" / name):
        file.unlink()
    with pytest.raises(FreezeError, match=name):
        freeze(tmp_path / "export")


@pytest.mark.parametrize(
    ("op", "library", "advice"),
    [
        ("SentencepieceTokenizeOp", "TensorFlow Text", "--custom tensorflow_text"),
        (
            "SimpleMLInferenceOpWithHandle",
            "TensorFlow Decision Forests",
            "install the release of tensorflow-decision-forests for TensorFlow",
        ),
        ("Addons>ImageConnectedComponents", "TensorFlow Addons", "has no release for"),
        ("MyOwnOp", "another library", "--custom with the module, or the .so file"),
    ],
)
def test_a_custom_op_is_named_with_its_library(op, library, advice, tmp_path):
    folder = save_function(lambda module, x: {"y": tf.tanh(x)}, tmp_path / "export")

    def replace(meta):
        for function in meta.graph_def.library.function:
            for node in function.node_def:
                node.op = op if node.op == "Tanh" else node.op

    edit(folder, replace)
    with pytest.raises(FreezeError, match=f"op {op} .*belongs to {library}") as raised:
        freeze(folder)
    assert advice in raised.value.fix


def test_a_module_with_ops_can_be_given_and_is_imported(tmp_path, monkeypatch):
    (tmp_path / "my_ops.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    freeze(save_function(named_twice, tmp_path / "export"), custom=("my_ops",))
    assert sys.modules["my_ops"].LOADED
    with pytest.raises(FreezeError, match="--custom no_ops cannot be imported"):
        freeze(tmp_path / "export", custom=("no_ops",))


def test_a_file_with_ops_can_be_given_and_is_run(tmp_path):
    path, folder = tmp_path / "ops.py", save_function(named_twice, tmp_path / "export")
    path.write_text("raise ValueError('ran')\n")
    with pytest.raises(FreezeError, match=r"ops\.py cannot be imported: ran"):
        freeze(folder, custom=(str(path),))
    path.write_text("import tensorflow\n")
    assert freeze(folder, custom=(str(path),)).proof.verdict == "exact"
    with pytest.raises(FreezeError, match=r"there is no file .*none\.py"):
        freeze(folder, custom=(str(tmp_path / "none.py"),))


def test_an_op_that_takes_the_path_of_a_file_is_refused(tmp_path):
    class Lines(Tables):
        @tf.function(input_signature=[Spec([None], tf.string, "words")])
        def __call__(self, words):
            return {"y": words + self.blob.asset_path}

    tf.saved_model.save(Lines(tmp_path), str(tmp_path / "export"))
    with pytest.raises(FreezeError, match="takes the path of the asset blob"):
        freeze(tmp_path / "export")


X = {"in": numbers(2, 4)}


def test_a_saved_model_of_tensorflow_1_freezes_to_its_signature(tmp_path):
    expected = loaded_answers(build_v1(tmp_path / "export"), X)["out"]
    report = freeze(tmp_path / "export")
    assert report.proof.verdict == "exact"
    assert report.card["output"] == "y:0"
    assert alike(frozen_outputs(report, {"x": X["in"]})[0], expected)


@pytest.mark.parametrize(
    ("tag_sets", "given", "taken"),
    [
        ([("serve",), ("train",)], (), ("serve",)),
        ([("serve",), ("serve", "tpu")], (), ("serve",)),
        ([("serve", "gpu"), ("train",)], (), ("serve", "gpu")),
        ([(), ("train",)], (), ()),
        ([("serve",), ("serve", "tpu")], ("serve", "tpu"), ("serve", "tpu")),
    ],
)
def test_the_graph_is_chosen_by_its_tags(tag_sets, given, taken, tmp_path):
    build_v1(tmp_path / "export", tag_sets)
    report = freeze(tmp_path / "export", tags=given)
    expected = loaded_answers(tmp_path / "export", X, tags=taken)["out"]
    assert alike(frozen_outputs(report, {"x": X["in"]})[0], expected)


@pytest.mark.parametrize(
    ("tag_sets", "given", "said"),
    [
        ([("serve", "gpu"), ("serve", "tpu")], (), "gpu,serve; serve,tpu"),
        ([("serve",)], ("serve", "gpu"), "no graph with the tags gpu,serve"),
    ],
)
def test_graphs_that_no_tags_tell_apart_are_listed(tag_sets, given, said, tmp_path):
    build_v1(tmp_path / "export", tag_sets)
    with pytest.raises(FreezeError, match=said):
        freeze(tmp_path / "export", tags=given)


def estimator() -> dict:
    """What an Estimator's export has: examples, and one signature for each use."""
    examples = tf1.placeholder(tf.string, [None], "input_example_tensor")
    spec = {"x": tf.io.FixedLenFeature([4], tf.float32)}
    x = tf1.parse_example(examples, spec)["x"]
    scores = tf.nn.softmax(dense(x, 3, "one"), name="scores")
    classes = tf.tile(tf.constant([["cat", "dog", "owl"]]), [tf.shape(x)[0], 1])
    both = {"classes": classes, "scores": scores}
    return {
        "serving_default": signature({"inputs": examples}, both),
        "predict": signature({"x": x}, {"scores": scores}),
        "regression": signature({"inputs": examples}, {"outputs": scores[:, :1]}),
    }


def test_an_estimators_examples_are_parsed(tmp_path):
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.extend([1, 2, 3, 4])
    folder = build_v1(tmp_path / "export", make=estimator)
    expected = loaded_answers(folder, {"inputs": [example.SerializeToString()]})
    report = freeze(folder)
    feeds = {"input_example_tensor": [example.SerializeToString()]}
    classes, scores = frozen_outputs(report, feeds)
    assert alike(scores, expected["scores"])
    assert np.array_equal(classes, expected["classes"])


def test_photos_in_examples_are_decoded(tmp_path):
    def photos() -> dict:
        examples = tf1.placeholder(tf.string, [None], "examples")
        spec = {"photo": tf.io.FixedLenFeature([], tf.string)}
        data = tf1.parse_example(examples, spec)["photo"]

        def decoded(one):
            return tf.image.resize(tf.image.decode_jpeg(one, channels=3), [4, 4])

        pixels = tf.map_fn(decoded, data, fn_output_signature=tf.float32)
        return {"serving_default": signature({"in": examples}, {"out": pixels})}

    folder = build_v1(tmp_path / "export", make=photos)
    assert freeze(folder).proof.verdict == "exact"


def test_the_statistics_of_weights_are_not_those_of_a_batch(tmp_path):
    def standardized() -> dict:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], "x")
        kernel = tf1.get_variable("kernel", [3, 3, 3, 2])
        mean, variance = tf.nn.moments(kernel, [0, 1, 2])
        y = tf.nn.conv2d(x, (kernel - mean) / tf.sqrt(variance + 1e-5), 1, "SAME")
        return {"serving_default": signature({"x": x}, {"y": y})}

    assert freeze(build_v1(tmp_path / "export", make=standardized)).warnings == ()


def test_an_input_that_an_op_computes_becomes_a_placeholder(tmp_path):
    folder = build_v1(tmp_path / "export", make=estimator)
    report = freeze(folder, signature="predict")
    expected = loaded_answers(folder, {"x": X["in"]}, key="predict")["scores"]
    (tensor,) = report.inputs
    assert report.proof.verdict == "exact"
    assert alike(frozen_outputs(report, {tensor[:-2]: X["in"]})[0], expected)


def test_a_hub_modules_default_signature_is_taken(tmp_path):
    def hub() -> dict:
        (made,) = dense_signature().values()
        return {"default": made, "features": made}

    folder = build_v1(tmp_path / "export", [(), ("train",)], make=hub)
    with pytest.raises(FreezeError, match="default, features"):
        freeze(folder)
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")
    assert "default is taken" in freeze(folder).warnings[0]


def test_a_sparse_input_is_three_placeholders(tmp_path):
    def sparse() -> dict:
        x = tf1.sparse_placeholder(tf.float32, [None, 4], "x")
        rows = tf.sparse.sparse_dense_matmul(x, tf1.get_variable("w", [4, 3]))
        return {"serving_default": signature({"x": x}, {"y": rows})}

    report = freeze(build_v1(tmp_path / "export", make=sparse))
    assert len(report.inputs) == 3
    assert report.proof.verdict == "exact"


def test_a_vocabulary_of_tensorflow_1_is_in_the_frozen_graph(tmp_path):
    (tmp_path / "words.txt").write_text("cat\ndog\n")

    def words() -> dict:
        table = tf1.lookup.StaticVocabularyTable(
            tf1.lookup.TextFileInitializer(
                str(tmp_path / "words.txt"), tf.string, -2, tf.int64, -1
            ),
            1,
        )
        given = tf1.placeholder(tf.string, [None], "words")
        found = signature({"in": given}, {"out": table.lookup(given)})
        return {"serving_default": found}

    folder = build_v1(tmp_path / "export", make=words)
    (tmp_path / "words.txt").unlink()
    report = freeze(folder)
    given = np.array(["dog", "owl"], object)
    assert frozen_outputs(report, {"words": given})[0].tolist() == [1, 2]


def test_a_folder_called_saved_model_keeps_its_own_file(tmp_path):
    folder = save_function(named_twice, tmp_path / "saved_model")
    before = (folder / "saved_model.pb").read_bytes()
    assert freeze(folder).output == folder / "saved_model-frozen.pb"
    assert (folder / "saved_model.pb").read_bytes() == before


PUBLISHED = {
    "saved_model_capital_input": {},
    "saved_model_digits": {},
    "saved_model_four_signatures": {"signature": "infer"},
    "saved_model_keras3": {},
    "saved_model_lunar_lander": {},
}
# TensorFlow's loader of version 1 does not restore its variables, that of 2 does.
OBJECTS_ONLY = {"saved_model_keras3"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_saved_model_freezes_as_it_runs(name, shared, tmp_path):
    folder, how = shared / "today" / name, PUBLISHED[name]
    report = freeze(folder, output=tmp_path / "frozen.pb", **how)
    assert report.proof.verdict == "exact"
    (tensor,) = report.inputs
    sizes = report.inputs[tensor].split("[")[1][:-1].split(", ")[1:]
    feeds = {tensor[:-2]: numbers(2, *map(int, sizes))}
    if name in OBJECTS_ONLY:
        run = tf.saved_model.load(str(folder)).signatures["serving_default"]
        expected = {k: y.numpy() for k, y in run(**feeds).items()}
    else:
        key = how.get("signature", "serving_default")
        expected = loaded_answers(folder, feeds, key=key)
    for key, ours in zip(sorted(expected), frozen_outputs(report, feeds), strict=True):
        assert alike(ours, expected[key])
