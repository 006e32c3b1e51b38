"""The ops that do more than compute are found."""

import re
import time

import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import read_meta
from helpers.graphs.unsafe_ops import WHY, unknown_ops, unsafe_ops
from helpers.inspecting.scan import scan

tf1 = tf.compat.v1

# Registered ops with names like those of unsafe ops: buffers, states, other hardware.
HARMLESS = re.compile(
    r"Load\w*TPUEmbedding\w+|TensorArray\w+|\w*ReadVariable\w+|IdentityReader(V2)?"
    r"|Reader(NumRecords|NumWorkUnits|SerializeState|RestoreState|Reset)\w*"
    r"|DebugGradient(Ref)?Identity|BoostedTreesExampleDebugOutputs|DecodeCSV"
    r"|ShardedFile(name|spec)|DisableCopyOnRead|RngReadAndSkip"
    r"|RpcCheckStatus|RpcGetValue|DeleteRpcFutureResource"
)
SOUNDS = re.compile(
    r"File|Read(?!y)|Write|Save|Restore|Load|Dump|PyFunc|Print|Debug|Rpc|Server"
    r"|Remote|SummaryWriter|Abort|TFRecord|LMDB|CSV|Sql|Vocab|Checkpoint|Passthrough"
)


def registered_ops() -> list[str]:
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session as session

    ops = op_def_pb2.OpList()
    ops.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
    return [op.name for op in ops.op]


def graph_of(build) -> tf1.GraphDef:
    with tf.Graph().as_default() as graph:
        build()
    return graph.as_graph_def()


def dataset(build):
    return lambda: tf1.data.make_one_shot_iterator(build()).get_next()


RAW = tf.raw_ops
PROTO = {"bytes": b"", "message_type": "a", "field_names": [], "output_types": []}
UNSAFE = {
    "ReadFile": (lambda: tf.io.read_file("/etc/passwd"), "reads files"),
    "MatchingFiles": (lambda: tf.io.matching_files("/*"), "reads files"),
    "WriteFile": (lambda: tf.io.write_file("a", "b"), "writes files"),
    "PyFunc": (lambda: tf1.py_func(len, [b"a"], tf.int64), "runs Python code"),
    "EagerPyFunc": (lambda: tf.py_function(len, [b"a"], tf.int64), "runs Python code"),
    "Print": (lambda: tf1.Print(1.0, [2.0]), "prints, so that a request's"),
    "PrintV2": (
        lambda: tf.print("a", output_stream="file:///tmp/a"),
        "prints, so that a request's",
    ),
    "Save": (
        lambda: RAW.Save(filename="a", tensor_names=["b"], data=[1.0]),
        "reads or writes checkpoint files",
    ),
    "DebugIdentityV2": (
        lambda: RAW.DebugIdentityV2(input=1.0, debug_urls=["file:///tmp"]),
        "sends tensors to a file or an address, for a debugger",
    ),
    "Abort": (lambda: RAW.Abort(error_msg="bye"), "ends the process"),
    "DecodeProtoV2": (
        lambda: RAW.DecodeProtoV2(**PROTO, descriptor_source="/etc/passwd"),
        "reads files",
    ),
    "TFRecordDataset": (dataset(lambda: tf.data.TFRecordDataset("a")), "reads files"),
    "CacheDataset": (
        dataset(lambda: tf.data.Dataset.range(2).cache("/tmp/a")),
        "writes files",
    ),
}
HARMLESS_GRAPHS = {
    "cache in memory": dataset(
        lambda: tf.data.Dataset.range(2).cache().map(lambda x: x + 1)
    ),
    "proto in graph": lambda: RAW.DecodeProtoV2(**PROTO),
    "summary": lambda: tf1.summary.scalar("loss", 1.0),
    "assertion": lambda: tf.debugging.assert_equal(tf1.placeholder(tf.int32), 1),
    "decoding": lambda: tf.io.decode_jpeg(b""),
}


@pytest.mark.parametrize("op", UNSAFE)
def test_op_is_found_with_its_reason(op):
    build, why = UNSAFE[op]
    found = {finding.op: finding.why for finding in unsafe_ops(graph_of(build))}
    assert found[op].startswith(why)


@pytest.mark.parametrize("build", HARMLESS_GRAPHS.values(), ids=HARMLESS_GRAPHS)
def test_harmless_graph_has_no_findings(build):
    assert unsafe_ops(graph_of(build)) == []


def test_function_library_is_searched():
    @tf.function
    def called():
        tf.io.write_file("a", "b")

    (found,) = unsafe_ops(graph_of(called))
    assert re.fullmatch(r"__inference_called_\d+/WriteFile", found.node)


def test_search_leaves_the_graph_as_it_was():
    graph_def = graph_of(dataset(lambda: tf.data.Dataset.range(2).cache()))
    before = graph_def.SerializeToString(deterministic=True)
    unsafe_ops(graph_def)
    assert graph_def.SerializeToString(deterministic=True) == before


def test_every_registered_op_with_such_a_name_is_classified():
    known = {*WHY, "EncodeProto", "DecodeProtoV2", "CacheDataset", "CacheDatasetV2"}
    doubtful = [op for op in registered_ops() if SOUNDS.search(op)]
    assert len(doubtful) > 100
    assert [op for op in doubtful if not (op in known or HARMLESS.fullmatch(op))] == []


def test_list_of_unsafe_ops_has_no_misspelt_name():
    gone = {"RemoteFusedGraphExecute", "TRTEngineOp"}  # in older and other TensorFlows
    assert set(WHY) - gone <= set(registered_ops())


def test_ten_thousand_nodes_take_milliseconds():
    graph_def = tf1.GraphDef()
    for number in range(10_000):
        graph_def.node.add(name=f"n{number}", op="Identity", input=[f"n{number - 1}"])
    started = time.perf_counter()
    assert unsafe_ops(graph_def) == []
    assert time.perf_counter() - started < 0.5


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


def test_unknown_op_is_noted_once_and_functions_are_not():
    graph_def = graph_of(
        lambda: tf.function(lambda: tf.constant(1)).get_concrete_function()()
    )
    graph_def.node.add(name="a", op="MyCustomOp")
    graph_def.node.add(name="b", op="MyCustomOp")
    assert unknown_ops(graph_def) == {"MyCustomOp": "a"}


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
