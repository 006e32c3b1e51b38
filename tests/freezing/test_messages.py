"""Each refusal says its true cause and what to try, about a real file of that kind."""

import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from helpers.serving.frozen_model import FrozenModel
from tests.freezing.refusals import TRACES, assert_well_written, refusal
from tests.freezing.small_models import (
    V1,
    V2,
    dense,
    dropped_always,
    fed,
    frozen_graph,
    perceptron,
    save,
    variable,
)

pytestmark = pytest.mark.slow

tf1 = tf.compat.v1
DATA = ".data-00000-of-00001"
AGAIN = "copy the checkpoint's files again, or take an earlier checkpoint"
ALL_FILES = "put it into the folder of the .index: a checkpoint is all its files"
META = "give the .meta file that the saver wrote, with --meta"
GIVE = "give a checkpoint's prefix, folder or files, a SavedModel or a Keras model"


def lost(*endings: str) -> Callable:
    """Delete files of the checkpoint."""

    def edit(prefix: str) -> None:
        for ending in endings:
            Path(f"{prefix}{ending}").unlink()

    return edit


def cut(ending: str, size: int) -> Callable:
    """Cut a file of the checkpoint after `size` bytes."""
    return lambda prefix: os.truncate(f"{prefix}{ending}", size)


def changed(ending: str, at: int) -> Callable:
    """Change one byte of a file of the checkpoint."""

    def edit(prefix: str) -> None:
        path = Path(f"{prefix}{ending}")
        data = bytearray(path.read_bytes())
        data[at] ^= 255
        path.write_bytes(data)

    return edit


def written(ending: str, data: bytes) -> Callable:
    """Write a file of the checkpoint anew."""
    return lambda prefix: Path(f"{prefix}{ending}").write_bytes(data) and None


def in_shards(version: int, missing: int) -> Callable:
    """Save again in two shards, of which one is then lost."""

    def edit(prefix: str) -> None:
        with tf.Graph().as_default(), tf1.Session() as session:
            tf1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
            everything = tf1.global_variables()
            one = [v for v in everything if v.op.name.startswith("one")]
            parts = [one, [v for v in everything if v not in one]]
            for number, part in enumerate(parts):
                saver = tf1.train.Saver(part, write_version=version)
                place = f"{prefix}-part{number}"
                saver.save(session, place, write_meta_graph=False, write_state=False)
        lost(".index", DATA)(prefix)
        if version == V2:
            tf.raw_ops.MergeV2Checkpoints(
                checkpoint_prefixes=[f"{prefix}-part{number}" for number in (0, 1)],
                destination_prefix=prefix,
            )
            lost(f".data-{missing:05d}-of-00002")(prefix)
            return
        for number in (0, 1):
            Path(f"{prefix}-part{number}").rename(f"{prefix}-{number:05d}-of-00002")
        lost(f"-{missing:05d}-of-00002")(prefix)

    return edit


def graphs(*names: str) -> Callable:
    """The graph under other names, in place of the `.meta`."""

    def edit(prefix: str) -> None:
        data = Path(f"{prefix}.meta").read_bytes()
        for name in names:
            Path(prefix).with_name(name).write_bytes(data)
        lost(".meta")(prefix)

    return edit


CHECKPOINTS = {
    "no meta": (
        lost(".meta"),
        "there is no {p}.meta and no graph.pbtxt beside it, so the graph is not known\n"
        "give the .meta file of the same training with --meta",
    ),
    "several metas": (
        graphs("a.meta", "b.meta"),
        "there is no {p}.meta, so the graph is not known\n"
        "give one of these with --meta: a.meta, b.meta",
    ),
    "no index": (
        lost(".index"),
        "{p}.index is missing; the .data files cannot be read without it\n"
        "copy the .index file too",
    ),
    "no data": (
        lost(DATA),
        "{p}.data-00000-of-00001 is missing: the index names it, and it holds the "
        "values\ncopy it too: a checkpoint is all its files",
    ),
    "no file but the meta": (
        lost(".index", DATA),
        "{p}.meta holds a graph whose weights are in a checkpoint, and there is none "
        "of its name beside it\n"
        "give the checkpoint's prefix, and this file with --meta",
    ),
    "first shard": (
        in_shards(V2, 0),
        f"{{p}}.data-00000-of-00002 is missing, and 'one/kernel' is in it\n{ALL_FILES}",
    ),
    "second shard": (
        in_shards(V2, 1),
        f"{{p}}.data-00001-of-00002 is missing, and 'two/kernel' is in it\n{ALL_FILES}",
    ),
    "shard of a V1 checkpoint": (
        in_shards(V1, 1),
        "{p}-00001-of-00002 is missing, one of 2 files with the checkpoint's variables"
        "\nput it beside the others: a checkpoint is all its files",
    ),
    "data cut": (
        cut(DATA, 10),
        f"{{p}}{DATA} is cut short: it has 10 bytes, and 'one/kernel' ends at byte 156"
        f"\n{AGAIN}",
    ),
    "data empty": (
        cut(DATA, 0),
        f"{{p}}{DATA} is cut short: it has 0 bytes, and 'one/kernel' ends at byte 156"
        f"\n{AGAIN}",
    ),
    "data changed": (
        changed(DATA, 20),
        f"'one/bias' is damaged: its 20 bytes at 16 of {{p}}{DATA} do not match their "
        f"crc32c\n{AGAIN}",
    ),
    "index cut": (
        cut(".index", 100),
        "{p}.index: does not end with a table's magic number: it is cut short, or "
        f"another file\n{AGAIN}",
    ),
    "index empty": (cut(".index", 0), f"{{p}}.index: it is empty\n{AGAIN}"),
    "index changed": (
        changed(".index", 10),
        "{p}.index: the block of 420 bytes at byte 0 is damaged: its checksum differs"
        f"\n{AGAIN}",
    ),
    "meta cut": (
        cut(".meta", 100),
        "{p}.meta is damaged, cut short, or no graph file: expected a MetaGraphDef or "
        f"a GraphDef\n{META}",
    ),
    "meta empty": (
        cut(".meta", 0),
        f"{{p}}.meta is empty: expected a MetaGraphDef or a GraphDef\n{META}",
    ),
    "meta is a web page": (
        written(".meta", b"<!DOCTYPE html>\n<html>404"),
        "{p}.meta is a text that begins '<!DOCTYPE html>', not a graph: expected a "
        f"MetaGraphDef or a GraphDef\n{META}",
    ),
}


@pytest.mark.parametrize(("edit", "said"), CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_a_checkpoint_with_a_lost_or_damaged_file(edit, said, tmp_path):
    prefix = save(perceptron, tmp_path / "run")
    edit(prefix)
    path = f"{prefix}.meta" if "{p}.meta holds" in said else prefix
    assert refusal(path) == said.replace("{p}", prefix)


def as_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": [1.0]}))


def as_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def as_noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(400))


def as_state(path: Path) -> None:
    path.write_text('model_checkpoint_path: "model-9"\n')


FILES = {
    "pickle": (as_pickle, "{p} is a Python pickle, not a graph\n" + GIVE),
    "text": (
        lambda path: path.write_text("hello\n"),
        "{p} is a text that begins 'hello', not a graph\n" + GIVE,
    ),
    "noise": (as_noise, "{p} is damaged, cut short, or no graph file\n" + GIVE),
    "empty": (Path.touch, "{p} is empty\n" + GIVE),
    "frozen": (
        lambda path: path.write_bytes(frozen_graph()),
        "{p} is frozen already: its graph has no variables\n"
        "serve it as it is, or compare it with its checkpoint: python -m helpers "
        "verify FILE.pb CHECKPOINT; --plain copies it for programs that do not read it",
    ),
    "nothing": (
        lambda path: None,
        "no checkpoint '{p}': its folder holds none\n"
        "give the prefix that Saver.save took",
    ),
    "state file": (
        as_state,
        "{p} names model-9, which is not there\ngive the prefix itself",
    ),
}


@pytest.mark.parametrize(("make", "said"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_checkpoint(make, said, tmp_path):
    path = tmp_path / "thing"
    make(path)
    assert refusal(path) == said.replace("{p}", str(path))


def test_a_zip_without_a_model_names_what_it_holds(tmp_path):
    as_zip(tmp_path / "thing.zip")
    assert "readme.txt" in refusal(tmp_path / "thing.zip")


def test_a_folder_that_does_not_exist_is_said_once(tmp_path):
    path = tmp_path / "nowhere" / "model"
    said = f"no checkpoint '{path}': its folder does not exist\ncorrect the path"
    assert refusal(path) == said


def test_several_checkpoints_are_listed(tmp_path):
    save(perceptron, tmp_path / "run", name="a")
    save(perceptron, tmp_path / "run", name="b")
    (tmp_path / "run" / "checkpoint").unlink()
    said = f"{tmp_path}/run holds 2 checkpoints and no `checkpoint` file\n"
    assert refusal(tmp_path / "run") == said + "give one of them: a, b"


def test_a_pattern_is_no_path(tmp_path):
    prefix = save(perceptron, tmp_path / "run[1]")
    said = f"TensorFlow takes {prefix} for a pattern, because of [, ] or \\ in it\n"
    assert refusal(prefix) == said + "rename the file or its folder"


def test_an_object_based_checkpoint(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0])).save(f"{tmp_path}/objects")
    said = (
        f"{path} is an object-based checkpoint of TensorFlow 2: it holds values and no "
        "graph\nexport the model as a SavedModel or .keras file, and freeze that"
    )
    assert refusal(path) == said


def scattered() -> None:
    """An output that depends on a scatter update."""
    table = variable("table", [4, 4], use_resource=False)
    with tf.control_dependencies([tf1.scatter_update(table, [0], [[1.0] * 4]).op]):
        now = table.read_value()
    tf.matmul(fed(), now, name="y")


def branches() -> None:
    """An output that only training computes."""
    training = tf1.placeholder_with_default(True, [], "is_training")
    x = fed()
    _, taken = tf.raw_ops.Switch(data=x, pred=training)
    tf.multiply(dense(taken, 3, "one"), 2.0, name="y")


def large() -> None:
    kernel = tf1.get_variable("kernel", initializer=tf.fill([4, 3], 1e30))
    tf.matmul(fed(), kernel, name="y")


def unregistered(meta) -> None:
    """Rename the output's op to one of another library."""
    for node in meta.graph_def.node:
        if node.name == "y":
            node.op = "HorovodAllreduce"


OPTIONS = {
    "no op": (
        {"outputs": "two/ad"},
        "the graph has no op 'two/ad'\n"
        "the closest names are two/add, two/bias, two/bias/Adam",
    ),
    "a variable": (
        {"outputs": "one/kernel"},
        "op 'one/kernel' is a variable, which has no value of its own\n"
        "name an op that reads it",
    ),
    "no such output": (
        {"outputs": "y:3"},
        "op 'y' (Softmax) has no output 3\nit has 1: name y:0",
    ),
    "no averages": (
        {"ema": True},
        "the checkpoint holds no moving averages: no variable in it ends in "
        "ExponentialMovingAverage\nleave --ema out",
    ),
    "no batch norm": (
        {"inference_batch_norm": True},
        "no batch norm can take its moving averages, the outputs need none that is in "
        "training\nleave --inference-batch-norm out",
    ),
    "a dtype": (
        {"weights": "int8"},
        "no such weights: 'int8'\nchoose one of float32, float16, bfloat16",
    ),
    "no graph file": (
        {"meta": "/nowhere/model.meta"},
        "there is no file /nowhere/model.meta\ncheck --meta",
    ),
    "no place": (
        {"output": "/proc/none/y.pb"},
        "/proc/none/y.pb cannot be written: No such file or directory\n"
        "choose another place with --output, or make room there",
    ),
}


@pytest.mark.parametrize(("how", "said"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_does_not_fit(how, said, prefix):
    assert refusal(prefix, **how).startswith(said)


GRAPHS = {
    "scatter": (
        scattered,
        {},
        "the outputs depend on 'ScatterUpdate' (ScatterUpdate), which changes a "
        "variable while the graph runs: a frozen graph cannot\n"
        "choose outputs that come before it",
    ),
    "training only": (
        branches,
        {},
        "output 'y' is computed in training only: a conditional on a training switch "
        "leaves it out\n"
        "choose an output that inference computes, with --output-node-names",
    ),
    "too large": (
        large,
        {"weights": "float16"},
        "weight 'kernel' has numbers too large for float16\n"
        "store the weights as bfloat16 or float32, with --weights",
    ),
}


@pytest.mark.parametrize(("build", "how", "said"), GRAPHS.values(), ids=GRAPHS)
def test_a_graph_that_cannot_be_frozen(build, how, said, tmp_path):
    assert refusal(save(build, tmp_path / "run", old=True), **how) == said


def test_an_op_of_another_library_is_named(tmp_path):
    prefix = save(perceptron, tmp_path / "run", edit=unregistered)
    said = (
        "op HorovodAllreduce ('y') is not registered in TensorFlow; it belongs to "
        "Horovod, and the outputs need it: y\n"
        "add --custom with the module, or the .so file, that registers it; or choose "
        "outputs that come before it, with --output-node-names"
    )
    assert refusal(prefix) == said


def test_a_lost_vocabulary_is_named(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("a\t1\nb\t2\n")

    def build():
        rows = tf.lookup.TextFileInitializer(str(words), tf.string, 0, tf.int64, 1)
        x = tf1.placeholder(tf.string, [None], "x")
        found = tf.lookup.StaticHashTable(rows, 0, name="words").lookup(x)
        tf.gather(variable("table", [3, 5]), found, name="y")

    prefix = save(build, tmp_path / "run")
    words.unlink()
    said = f"is filled from {words}, which does not exist\nput words.txt beside the"
    assert said in refusal(prefix)


def test_statistics_that_were_not_saved_are_named(tmp_path):
    def build():
        learned = [variable(name, [4]) for name in ("gamma", "beta")]
        moving = [variable(f"moving_{name}", [4]) for name in ("mean", "variance")]
        y, *_ = tf1.nn.fused_batch_norm(
            fed(2, 2, 4), *learned, *moving, is_training=False
        )
        tf.identity(y, name="y")
        return learned

    prefix = save(build, tmp_path / "run")
    assert "the outputs need: moving_mean, moving_variance\nsave all" in refusal(prefix)


def other() -> None:
    tf.matmul(fed(), variable("one/kernel", [4, 9]), name="y")


def test_the_graph_of_another_model(prefix, tmp_path):
    theirs = save(other, tmp_path / "other")
    said = (
        f"{prefix} is of another model: 1 of 1 variables differ\n"
        "  one/kernel: [4, 9] in the graph, [4, 5] in the checkpoint\n"
        "give the .meta and the prefix of the same training"
    )
    assert refusal(prefix, meta=f"{theirs}.meta") == said


def verify_refusal(model, checkpoint) -> str:
    with pytest.raises(FreezeError) as raised:
        verify(model, checkpoint)
    assert_well_written(raised.value)
    return str(raised.value)


def test_verify_says_what_it_was_given(prefix, tmp_path):
    assert verify_refusal(tmp_path / "y.pb", prefix) == (
        f"there is no file {tmp_path}/y.pb\ngive a frozen .pb"
    )
    assert verify_refusal(f"{prefix}.meta", prefix) == (
        f"{prefix}.meta is no frozen graph, but a MetaGraphDef\ngive a frozen .pb"
    )


def test_verify_names_outputs_that_the_checkpoint_does_not_have(prefix, tmp_path):
    path = freeze(save(dropped_always, tmp_path / "run"), outputs="y").output
    renamed = tf1.GraphDef.FromString(path.read_bytes())
    renamed.node[-2].name = "other"
    (tmp_path / "two.pb").write_bytes(renamed.SerializeToString())
    assert "no output of the same name" in verify_refusal(tmp_path / "two.pb", prefix)


def unsafe(path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.string, [], "x")
        tf.identity(tf.io.read_file(x), name="y")
    path.write_bytes(graph.as_graph_def().SerializeToString())


def with_variables(path: Path) -> None:
    with tf.Graph().as_default() as graph:
        perceptron()
    path.write_bytes(graph.as_graph_def().SerializeToString())


SERVED = {
    "empty": (Path.touch, "holds no graph: freeze the checkpoint again"),
    "text": (lambda path: path.write_text("hello\n"), "is not a frozen graph"),
    "noise": (as_noise, "is not a frozen graph"),
    "pickle": (as_pickle, "is not a frozen graph"),
    "unsafe": (unsafe, "is refused: op 'ReadFile' (ReadFile)"),
    "with variables": (
        with_variables,
        "cannot be served: it has variables ('one/kernel'): freeze its",
    ),
}


@pytest.mark.parametrize(("make", "said"), SERVED.values(), ids=SERVED)
def test_a_file_that_cannot_be_served(make, said, tmp_path):
    path = tmp_path / "model.pb"
    make(path)
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        FrozenModel.load(path)
    text = str(raised.value)
    assert text.count(str(path)) == 1
    assert not TRACES.search(text), text
