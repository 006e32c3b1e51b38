"""Errors have a line for the cause and one for the fix, and no file is written."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.passes.constants.variables_to_constants import LIMIT, check_size
from helpers.freezing.verify import verify
from helpers.graphs.editor import GraphEditor, Weight
from tests.freezing.small_models import V1, fed, perceptron, save, variable, with_ops

pytestmark = pytest.mark.slow

tf1 = tf.compat.v1


@pytest.fixture
def prefix(tmp_path) -> str:
    return save(perceptron, tmp_path / "model")


def refused(source, **how) -> FreezeError:
    """The error of freezing, which leaves the folder as it was."""
    folder = Path(source).parent
    before = sorted(folder.rglob("*"))
    with pytest.raises(FreezeError) as raised:
        freeze(source, **({"outputs": "y"} | how))
    assert sorted(folder.rglob("*")) == before
    assert str(raised.value) == f"{raised.value.cause}\n{raised.value.fix}"
    return raised.value


def test_no_such_checkpoint_names_what_is_there(prefix):
    error = refused(f"{prefix}x")
    assert f"no checkpoint '{prefix}x'" in error.cause
    assert "model-ckpt" in error.fix


def test_a_wrong_output_names_the_closest(prefix):
    error = refused(prefix, outputs="two/ad")
    assert error.cause == "the graph has no op 'two/ad'"
    assert "two/add" in error.fix


@pytest.mark.parametrize(
    ("name", "said"),
    [("y:3", "has no output 3"), ("one/kernel", "is a variable")],
    ids=["index", "variable"],
)
def test_a_tensor_that_does_not_exist_is_refused(name, said, prefix):
    assert said in refused(prefix, outputs=name).cause


@pytest.mark.parametrize("folder", ["run[1]", "back\\slash"])
def test_a_path_that_tensorflow_cannot_read_is_refused(folder, tmp_path):
    prefix = save(perceptron, tmp_path / folder)
    assert "because of [, ] or \\ in it" in refused(prefix).cause


@pytest.mark.parametrize("folder", ["ünï cödé", "a b", "what?", "(1)", "*"])
def test_a_path_of_any_other_characters_is_read(folder, tmp_path):
    prefix = save(perceptron, tmp_path / folder)
    assert freeze(prefix, outputs="y").proof.verdict == "exact"


def test_unknown_weights_are_refused(prefix):
    assert refused(prefix, weights="int8").cause == "no such weights: 'int8'"


def test_a_checkpoint_file_whose_checkpoint_is_nowhere_is_refused(tmp_path):
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "/home/somebody/model-ckpt"\n')
    assert "/home/somebody/model-ckpt, which is not there" in refused(state).cause


def other():
    with tf1.variable_scope("one"):
        hidden = tf.matmul(fed(), variable("kernel", [4, 9]))
    for layer in range(6):
        with tf1.variable_scope(f"more{layer}"):
            hidden += variable("bias", [9])
    tf.identity(hidden, name="y")


def test_another_models_checkpoint_is_a_table_of_five_lines(prefix, tmp_path):
    theirs = save(other, tmp_path / "other")
    error = refused(prefix, meta=f"{theirs}.meta")
    first, *table = error.cause.splitlines()
    assert first.endswith("is of another model: 7 of 7 variables differ")
    assert table[0] == "  one/kernel: [4, 9] in the graph, [4, 5] in the checkpoint"
    assert table[-1] == "  and 2 more"
    assert len(table) == 6


def test_statistics_that_were_not_saved_are_named(tmp_path):
    def build():
        learned = [variable(name, [4]) for name in ("gamma", "beta")]
        moving = [variable(f"moving_{n}", [4]) for n in ("mean", "variance")]
        how = {"is_training": False}
        y, *_ = tf1.nn.fused_batch_norm(fed(2, 2, 4), *learned, *moving, **how)
        tf.identity(y, name="y")
        return learned

    error = refused(save(build, tmp_path))
    assert error.cause.endswith("need: moving_mean, moving_variance")
    assert "not only the trainable ones" in error.fix


def test_a_frozen_graph_is_frozen_already(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "frozen.pb").output
    error = refused(frozen)
    assert error.cause == f"{frozen} is frozen already: its graph has no variables"
    assert "verify" in error.fix


def test_an_object_based_checkpoint_has_no_graph(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0])).save(str(tmp_path / "objects"))
    assert "object-based checkpoint of TensorFlow 2" in refused(path).cause


def test_a_checkpoint_without_meta_asks_for_it(prefix):
    Path(f"{prefix}.meta").unlink()
    error = refused(prefix)
    assert f"there is no {prefix}.meta and no graph.pbtxt beside it" in error.cause
    assert "--meta" in error.fix


@pytest.mark.parametrize(
    ("lost", "said"),
    [(".index", "without it"), (".data-00000-of-00001", "the index names it")],
)
def test_a_lost_file_is_named(lost, said, prefix):
    Path(f"{prefix}{lost}").unlink()
    assert said in refused(prefix).cause


def test_a_graph_in_text_named_binary_needs_its_checkpoint(prefix, tmp_path):
    meta = tf1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    path = tmp_path / "alone" / "graph.pb"
    path.parent.mkdir()
    path.write_text(text_format.MessageToString(meta.graph_def))
    assert "there is none of its name beside it" in refused(path).cause


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello", "is a text that begins 'hello', not a graph"),
        (b"\x80\x04.", "is a Python pickle, not a graph"),
        (b"0123TFL3", "is a TensorFlow Lite model"),
    ],
    ids=["empty", "prose", "pickle", "lite"],
)
def test_a_file_of_another_kind_is_refused_by_name(data, said, tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    assert said in refused(path).cause


@pytest.mark.parametrize("data", [b"", b"\x0a\xff\xff", b"prose"], ids=repr)
def test_a_meta_file_that_is_none_is_refused(data, prefix):
    Path(f"{prefix}.meta").write_bytes(data)
    cause = refused(prefix).cause
    assert cause.startswith(f"{prefix}.meta is ")
    assert cause.endswith(": expected a MetaGraphDef or a GraphDef")


def flip(path: str, position: int) -> None:
    data = bytearray(Path(path).read_bytes())
    data[position] ^= 0x10
    Path(path).write_bytes(data)


def test_a_flipped_bit_in_the_data_names_the_variable(prefix):
    reader = tf.train.load_checkpoint(prefix)
    data = Path(f"{prefix}.data-00000-of-00001").read_bytes()
    kernel = reader.get_tensor("one/kernel").tobytes()
    flip(f"{prefix}.data-00000-of-00001", data.index(kernel) + 5)
    error = refused(prefix)
    assert error.cause.startswith("'one/kernel' is damaged: its 80 bytes at ")
    assert error.cause.endswith("do not match their crc32c")


def test_data_cut_off_names_a_variable(prefix):
    path = Path(f"{prefix}.data-00000-of-00001")
    os.truncate(path, path.stat().st_size // 3)
    assert ".data-00000-of-00001 is cut short: it has " in refused(prefix).cause


@pytest.mark.parametrize("damage", [os.truncate, flip], ids=["cut", "flipped"])
def test_a_damaged_index_is_refused(damage, prefix):
    damage(f"{prefix}.index", 30)
    assert prefix in refused(prefix).cause


def test_a_damaged_checkpoint_of_the_old_format_is_refused(tmp_path):
    prefix = save(perceptron, tmp_path, write_version=V1)
    flip(prefix, 40)
    assert refused(prefix).cause


def test_more_than_a_graph_can_hold_is_predicted():
    editor = GraphEditor.of(tf1.GraphDef())
    editor.weights["wide"] = Weight(tf.float32, (LIMIT // 4 + 1,), None)
    with pytest.raises(FreezeError, match=r"would be 2\.15 GB") as raised:
        check_size(editor, "float32")
    assert "--weights bfloat16: 1.07 GB" in raised.value.fix


def test_a_folder_that_is_missing_is_made_and_gone_again_on_failure(prefix, tmp_path):
    place = tmp_path / "deep" / "deeper" / "y.pb"
    freeze(prefix, outputs="y", output=place)
    assert place.is_file()
    shutil.rmtree(tmp_path / "deep")
    os.truncate(f"{prefix}.data-00000-of-00001", 10)
    refused(prefix, output=place)
    assert not (tmp_path / "deep").exists()


def test_a_full_disk_leaves_nothing_behind(prefix, tmp_path):
    place = tmp_path / "out" / "y.pb"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))
    try:
        error = refused(prefix, output=place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.cause.startswith(f"{place} cannot be written: ")
    assert not place.parent.exists()


ABORTING = """
import importlib, os, sys
module = importlib.import_module("helpers.freezing.freeze")
module.prove_source = lambda *how: os.abort()
module.freeze(sys.argv[1], outputs="y", output=sys.argv[2])
"""


@pytest.mark.ci
def test_a_process_that_is_aborted_leaves_nothing_and_says_so(prefix, tmp_path):
    place = tmp_path / "out" / "y.pb"
    place.parent.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", ABORTING, prefix, place],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == -signal.SIGABRT
    assert "nothing was written\ntry outputs" in ended.stderr
    assert not list(place.parent.iterdir())


@pytest.mark.parametrize("name", ["file/y.pb", "folder"])
def test_a_file_or_folder_in_the_way_is_refused(name, prefix, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    assert "cannot be written" in refused(prefix, output=tmp_path / name).cause


def test_a_file_of_the_source_is_never_written_over(prefix, tmp_path):
    place = tmp_path / "model" / "." / "model-ckpt.meta"
    before = place.read_bytes()
    assert "would be lost" in refused(prefix, output=place).cause
    assert place.read_bytes() == before


def test_a_folder_without_permission_is_refused(prefix):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(Path(prefix).parent, Path(folder, "open"))
        copy = Path(folder, "open", Path(prefix).name)
        freeze(copy, outputs="y", output=Path(folder, "y.pb"))  # imports all modules
        Path(folder, "closed").mkdir(mode=0o500)
        user = os.geteuid()
        os.seteuid(user or 65534)  # root may write everywhere
        try:
            error = refused(copy, output=Path(folder, "closed", "y.pb"))
        finally:
            os.seteuid(user)
        assert "Permission denied" in error.cause
        assert not list(Path(folder, "closed").iterdir())


def test_an_older_file_stays_if_freezing_fails(prefix, tmp_path):
    place = freeze(prefix, outputs="y", output=tmp_path / "y.pb").output
    before = place.read_bytes()
    refused(prefix, output=place, outputs="nothing")
    os.truncate(f"{prefix}.data-00000-of-00001", 10)
    refused(prefix, output=place)
    assert place.read_bytes() == before


def test_an_op_that_is_not_registered_is_named_with_its_library_and_path(tmp_path):
    edit = with_ops(Softmax="HorovodAllreduce")
    error = refused(save(perceptron, tmp_path, edit=edit))
    assert "op HorovodAllreduce ('y') is not registered in TensorFlow" in error.cause
    assert "belongs to Horovod" in error.cause


def reduced_over_gpus(meta):
    for node in meta.graph_def.node:
        if node.op == "Softmax":
            node.op = "NcclAllReduce"
            node.attr["reduction"].s = b"sum"
            node.attr["num_devices"].i = 1
            node.attr["shared_name"].s = b""


def test_an_op_without_a_kernel_here_is_frozen_unproven_and_named(tmp_path):
    report = freeze(save(perceptron, tmp_path, edit=reduced_over_gpus), outputs="y")
    assert report.proof.verdict == "unproven"
    said = "op NcclAllReduce ('y') has no kernel for a CPU, only for GPU"
    assert said in report.warnings


def test_an_output_of_training_only_is_refused(tmp_path):
    def build():
        x, training = fed(), tf1.placeholder(tf.bool, [], name="is_training")
        y = tf1.cond(training, lambda: x * 2, lambda: x + variable("b", [4]))
        tf.identity(y, name="y")

    prefix = save(build, tmp_path, old=True)
    assert "computed in training only" in refused(prefix, outputs="cond/mul").cause


def test_verify_wants_a_frozen_graph(prefix):
    with pytest.raises(FreezeError, match="is no frozen graph, but a MetaGraphDef"):
        verify(f"{prefix}.meta", prefix)
    with pytest.raises(FreezeError, match="there is no file"):
        verify("nowhere.pb", prefix)


def test_verify_wants_a_checkpoint_with_the_same_output(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "y.pb").output

    def build():
        tf.multiply(fed(), variable("w", []), name="z")

    with pytest.raises(FreezeError, match="no output of the same name: y"):
        verify(frozen, save(build, tmp_path / "other"))


def test_inputs_that_no_seed_fits_leave_the_graph_unproven(tmp_path):
    def build():
        x = tf1.placeholder(tf.string, [None], name="x")
        y = tf.io.parse_tensor(x[0], tf.float32) * variable("w", [])
        tf.identity(y, name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.proof.verdict == "unproven"
