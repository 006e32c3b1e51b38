"""Freezing a graph writes no file that the graph names, and waits for nobody."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.optional.fold_constants import fold_constants
from tests.freezing.small_models import dense, edited, fed, save

tf1 = tf.compat.v1
RAW = tf.raw_ops


def updated_after_writing(path):
    """An output after an update of a variable, which first writes the file."""
    count = tf1.get_variable("count", [], use_resource=False)
    with tf1.control_dependencies([tf.io.write_file(str(path), "hacked")]):
        update = tf1.assign_add(count, 1.0)
    with tf1.control_dependencies([update]):
        tf.add(dense(fed(), 3, "one"), 1.0, name="y")


def test_an_update_that_writes_a_file_is_not_run_to_prove(tmp_path):
    marker = tmp_path / "hacked.txt"
    prefix = save(lambda: updated_after_writing(marker), tmp_path)
    report = freeze(prefix, outputs="y")
    assert not marker.exists()
    assert report.proof.verdict == "exact"
    assert "(WriteFile)" not in str(report.warnings)


def test_an_output_that_waits_for_others_is_not_run_to_prove(tmp_path):
    def build():
        barrier = RAW.Barrier(component_types=[tf.float32], shapes=[[]])
        _, _, (taken,) = RAW.BarrierTakeMany(
            handle=barrier, num_elements=1, component_types=[tf.float32]
        )
        tf.add(dense(fed(), 3, "one"), taken, name="y")

    report = freeze(save(build, tmp_path), outputs="y")
    assert report.proof.verdict == "unproven"
    assert "not run, because Barrier" in report.proof.note
    assert any("unsafe: BarrierTakeMany" in text for text in report.warnings)


class Module(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def __call__(self, x):
        return {"y": 2 * x}


def test_the_init_op_of_a_saved_model_is_not_run_if_it_writes_a_file(tmp_path):
    marker, file = tmp_path / "hacked.txt", tmp_path / "saved" / "saved_model.pb"
    tf.saved_model.save(Module(), str(file.parent))
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    (meta,) = saved.meta_graphs
    with tf.Graph().as_default() as graph:
        tf.io.write_file(str(marker), "hacked", name="hack")
    meta.graph_def.node.extend(graph.as_graph_def().node)
    init = meta.signature_def["__saved_model_init_op"]
    init.outputs["__saved_model_init_op"].name = "hack"
    file.write_bytes(saved.SerializeToString())
    report = freeze(file.parent, output=tmp_path / "frozen.pb")
    assert not marker.exists()
    assert report.proof.verdict in ("exact", "close")


def test_a_file_is_not_read_to_fold_it_into_the_graph(tmp_path):
    (tmp_path / "secret").write_text("7")

    def build():
        secret = tf.io.read_file(tf.strings.join([str(tmp_path), "/secret"]))
        tf.add(fed(), tf.cast(tf.strings.length(secret), tf.float32), name="y")

    editor = edited(build)
    fold_constants(editor)
    assert "ReadFile" in {node.op for node in editor.nodes.values()}


def test_a_table_of_a_file_elsewhere_is_told(tmp_path):
    secret = tmp_path / "elsewhere" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("7\n8\n")

    def build():
        whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex
        filled = tf.lookup.TextFileInitializer(
            str(secret), tf.string, whole, tf.int64, line.LINE_NUMBER
        )
        table = tf.lookup.StaticHashTable(filled, -1, name="words")
        known = table.lookup(tf.as_string(tf.cast(fed(), tf.int32)))
        tf.add(dense(fed(), 4, "one"), tf.cast(known, tf.float32), name="y")

    report = freeze(save(build, tmp_path / "model"), outputs="y")
    (told,) = [text for text in report.warnings if str(secret) in text]
    assert "the frozen graph holds what is in this file" in told
