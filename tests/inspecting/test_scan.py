"""`scan` reports the unsafe and the unknown ops of graphs, checkpoints, SavedModels."""

import pytest
import tensorflow as tf
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.checkpoints.checkpoint import read_meta
from helpers.graphs.unsafe_ops import unsafe_ops
from helpers.inspecting.scan import scan

tf1 = tf.compat.v1
RAW = tf.raw_ops


def graph_of(build) -> tf1.GraphDef:
    with tf.Graph().as_default() as graph:
        build()
    return graph.as_graph_def()


def test_saver_of_a_meta_is_no_finding(small):
    assert unsafe_ops(read_meta(f"{small.prefix}.meta").graph_def)
    assert scan(f"{small.prefix}.meta") == []


def test_same_graph_to_be_served_is_refused(small, tmp_path):
    graph_def = read_meta(f"{small.prefix}.meta").graph_def
    (tmp_path / "served.pb").write_bytes(graph_def.SerializeToString())
    assert {found.level for found in scan(tmp_path / "served.pb")} == {"refuse"}


def test_frozen_graph_has_no_findings(small):
    assert scan(small.path) == []


def test_saver_of_another_file_is_a_finding(tmp_path):
    names = {"tensor_names": ["a"], "shape_and_slices": [""]}
    graph_def = graph_of(lambda: RAW.SaveV2(prefix="/a/key", tensors=[1.0], **names))
    meta = tf1.MetaGraphDef(graph_def=graph_def)
    meta.meta_info_def.tags.append("train")
    (tmp_path / "model.meta").write_bytes(meta.SerializeToString())
    (found,) = scan(tmp_path / "model.meta")
    assert str(found) == "warn: SaveV2 'SaveV2' reads or writes checkpoint files"


def test_saved_model_is_scanned_with_its_functions(tmp_path):
    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
        def __call__(self, name):
            return tf.io.read_file(name)

    tf.saved_model.save(Model(), str(tmp_path / "saved"))
    found = scan(tmp_path / "saved")
    assert {(f.level, f.graph, f.op) for f in found} == {("warn", "serve", "ReadFile")}


def test_text_graph_is_scanned(tmp_path):
    graph_def = graph_of(lambda: tf.io.read_file("/etc/passwd"))
    (tmp_path / "graph.pb").write_text(str(graph_def))
    assert [found.op for found in scan(tmp_path / "graph.pb")] == ["ReadFile"]


def test_unknown_op_is_a_warning(tmp_path):
    graph_def = tf1.GraphDef()
    graph_def.node.add(name="a", op="MyCustomOp")
    (tmp_path / "graph.pb").write_bytes(graph_def.SerializeToString())
    (found,) = scan(tmp_path / "graph.pb")
    assert (found.level, found.op, found.node) == ("warn", "MyCustomOp", "a")


def test_shared_checkpoints_hold_nothing_but_their_readers(shared):
    found = {
        path.parent.name: {finding.op for finding in scan(path)}
        for path in (shared / "checkpoints").rglob("*.meta")
    }
    assert found.pop("fastweights_v1fmt") == {"TFRecordReader", "ReaderRead"}
    assert not any(found.values())


def test_shared_frozen_graphs_hold_nothing_unsafe(shared):
    for path in (shared / "checkpoints").rglob("pb_*/*.pb"):
        assert [found for found in scan(path) if found.level == "refuse"] == []


def test_queues_and_variables_of_a_training_graph_are_left_to_freezing(tmp_path):
    def build():
        weights = tf1.get_variable("weights", [2])
        tf1.assign(weights, tf.queue.FIFOQueue(1, [tf.float32], [[2]]).dequeue())

    meta = tf1.MetaGraphDef(graph_def=graph_of(build))
    meta.meta_info_def.tags.append("train")
    (tmp_path / "model.meta").write_bytes(meta.SerializeToString())
    assert unsafe_ops(meta.graph_def)
    assert scan(tmp_path / "model.meta") == []


OPTIONS = {
    "ReadFile": (lambda: tf.io.read_file("/etc/hostname"), ["ReadFile"]),
    "Empty": (lambda: RAW.Empty(shape=[2], dtype=tf.float32), ["Empty"]),
    "elsewhere": (lambda: on_another_machine(), []),
}


def on_another_machine():
    with tf1.device("/job:ps"):
        tf.io.read_file("/etc/hostname")


@pytest.mark.parametrize(("build", "ops"), OPTIONS.values(), ids=OPTIONS)
def test_the_command_names_the_option_that_serves_it_where_one_does(
    build, ops, tmp_path
):
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_of(build).SerializeToString())
    done = CliRunner().invoke(cli, ["scan", str(path)])
    hints = [line for line in done.output.splitlines() if "--allow-ops" in line]
    wanted = [f"{path}: if it is your own, --allow-ops {op} serves it" for op in ops]
    assert (done.exit_code, hints) == (1, wanted)


def test_a_recursive_function_of_the_shared_graphs_is_refused(shared):
    (found,) = scan(shared / "hostile" / "recursive_function.pb")
    assert str(found).endswith("calls itself without end, which ends the process")
