"""The ops that do more than compute are found."""

import re
import sys
import time

import pytest
import tensorflow as tf

from helpers.graphs.op_classes import ALLOWED, op_classes
from helpers.graphs.unsafe_ops import (
    lasting_ops,
    remote_devices,
    unknown_ops,
    unsafe_ops,
)

tf1 = tf.compat.v1
unsafe_ops_module = sys.modules[unsafe_ops.__module__]


def graph_of(build) -> tf1.GraphDef:
    with tf.Graph().as_default() as graph:
        build()
    return graph.as_graph_def()


def dataset(build):
    return lambda: tf1.data.make_one_shot_iterator(build()).get_next()


RAW = tf.raw_ops


def table(keys):
    """A lookup table filled with these keys."""
    made = RAW.HashTableV2(key_dtype=tf.string, value_dtype=tf.int32)
    return RAW.InitializeTableV2(table_handle=made, keys=keys, values=[1, 2])


def mutable_table(keys):
    made = tf.lookup.experimental.MutableHashTable(tf.string, tf.int32, -1)
    return made.insert(keys, [1, 2])


def pipeline():
    pixels = tf.data.Dataset.from_tensor_slices(tf1.placeholder(tf.float32, [2]))
    return tf.data.experimental.get_single_element(pixels.map(tf.abs).batch(2))


def fed_text():
    return tf1.placeholder(tf.string, [2])


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
        "writes files",
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
    "ImmutableConst": (
        lambda: RAW.ImmutableConst(
            dtype=tf.uint8, shape=[9], memory_region_name="/etc/passwd"
        ),
        "reads any file of the machine",
    ),
    "QueueDequeueV2": (
        lambda: tf.queue.FIFOQueue(1, [tf.float32]).dequeue(),
        "waits for data that another program has to send",
    ),
    "BarrierTakeMany": (
        lambda: RAW.BarrierTakeMany(
            handle=RAW.Barrier(component_types=[tf.float32]),
            num_elements=1,
            component_types=[tf.float32],
        ),
        "waits for data",
    ),
    "CollectiveReduceV2": (
        lambda: RAW.CollectiveReduceV2(
            input=1.0,
            group_size=2,
            group_key=1,
            instance_key=1,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
        ),
        "waits for other programs",
    ),
    "IteratorGetNext": (
        dataset(lambda: tf.data.Dataset.range(2)),
        "waits for the elements of a pipeline",
    ),
    "AssignVariableOp": (
        lambda: tf1.get_variable("a", [2]),
        "keeps values of one request for later ones",
    ),
    "LookupTableInsertV2": (
        lambda: mutable_table(fed_text()),
        "keeps values of one request for later ones: it fills a table",
    ),
    "InitializeTableV2": (
        lambda: table(fed_text()),
        "keeps values of one request for later ones: it fills a table",
    ),
    "Empty": (
        lambda: RAW.Empty(shape=[2], dtype=tf.float32),
        "answers memory that it did not write",
    ),
    "PrefetchDataset": (
        dataset(lambda: tf.data.Dataset.range(2).prefetch(9)),
        "runs a pipeline with threads or buffers without bound",
    ),
}
HARMLESS_GRAPHS = {
    "pipeline within a run": pipeline,
    "table of constants": lambda: table(["a", "b"]),
    "mutable table of constants": lambda: mutable_table(["a", "b"]),
    "random numbers": lambda: tf.nn.dropout(tf.ones([2]), 0.5),
    "loop": lambda: tf.while_loop(lambda i: i < 9, lambda i: i + 1, [0]),
    "boxes": lambda: tf.image.non_max_suppression([[0.0, 0, 1, 1]], [1.0], 1),
    "array of tensors": lambda: tf.TensorArray(tf.float32, 1).write(0, 1.0).stack(),
    "zeroed memory": lambda: RAW.Empty(shape=[2], dtype=tf.float32, init=True),
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


@pytest.mark.parametrize("stream", ["stdout", "stderr", "log(info)"])
def test_an_op_that_prints_to_a_stream_writes_no_file(stream):
    (found,) = unsafe_ops(
        graph_of(lambda: RAW.PrintV2(input="a", output_stream=stream))
    )
    assert (found.kind, found.why[:7]) == ("log", "prints,")


def test_function_library_is_searched():
    @tf.function
    def called():
        tf.io.write_file("a", "b")

    (found,) = unsafe_ops(graph_of(called))
    assert found.kind == "file-writes"
    assert re.fullmatch(r"__inference_called_\d+/WriteFile", found.node)


def test_search_leaves_the_graph_as_it_was():
    graph_def = graph_of(dataset(lambda: tf.data.Dataset.range(2).cache()))
    before = graph_def.SerializeToString(deterministic=True)
    unsafe_ops(graph_def)
    assert graph_def.SerializeToString(deterministic=True) == before


def test_ten_thousand_nodes_take_milliseconds():
    graph_def = tf1.GraphDef()
    for number in range(10_000):
        graph_def.node.add(name=f"n{number}", op="Identity", input=[f"n{number - 1}"])
    started = time.perf_counter()
    assert unsafe_ops(graph_def) == []
    assert time.perf_counter() - started < 0.5


def node_of(op: str, **attributes) -> tf1.GraphDef:
    return tf1.GraphDef(node=[tf1.NodeDef(name="a", op=op, **attributes)])


@pytest.mark.parametrize(
    "op", ["_Arg", "_Recv", "_MklConv2D", "TPUExecute", "XlaCallModule"]
)
def test_ops_for_other_programs_than_a_stored_graph_are_unsafe(op):
    assert [found.op for found in unsafe_ops(node_of(op))] == [op]


def test_every_op_outside_the_allowed_classes_is_found():
    refused = [op for op, kind in op_classes().items() if kind.name not in ALLOWED]
    nodes = [tf1.NodeDef(name=op, op=op) for op in refused]
    assert [found.op for found in unsafe_ops(tf1.GraphDef(node=nodes))] == refused


def test_an_op_of_a_library_that_the_user_loads_is_left_to_him():
    assert unsafe_ops(node_of("MyCustomOp")) == []


def test_an_op_that_another_tensorflow_has_gained_is_unsafe(monkeypatch):
    monkeypatch.setattr(tf, "__version__", "2.22.0")
    monkeypatch.setattr(unsafe_ops_module, "op_classes", dict)
    (found,) = unsafe_ops(node_of("Relu"))
    assert found.why == "is not an op of TensorFlow 2.21, and nobody looked at it"


def recursive(*names: str) -> tf1.GraphDef:
    """Functions of which each calls the next one, the last one the first."""
    graph_def = tf1.GraphDef()
    for name, called in zip(names, (*names[1:], names[0]), strict=True):
        function = graph_def.library.function.add()
        function.signature.name = name
        node = function.node_def.add(name="call", op="PartitionedCall")
        node.attr["f"].func.name = called
    return graph_def


@pytest.mark.parametrize("count", [1, 2, 5000])
def test_functions_that_call_themselves_are_found(count):
    (found,) = unsafe_ops(recursive(*map(str, range(count))))
    assert found.why == "calls itself without end, which ends the process"
    assert not found.may_be_allowed


def test_a_function_called_twice_is_no_recursion():
    graph_def = recursive("a", "b")
    del graph_def.library.function[1].node_def[:]
    again = graph_def.library.function[0].node_def.add(name="again", op="b")
    assert again.op == "b"
    assert unsafe_ops(graph_def) == []


@pytest.mark.parametrize(
    ("device", "is_remote"),
    [
        ("/job:worker/replica:0/task:0/device:CPU:0", True),
        ("/job:localhost/replica:0/task:1/device:CPU:0", True),
        ("/job:localhost/replica:0/task:0/device:CPU:0", False),
        ("/device:GPU:1", False),
        ("", False),
    ],
)
def test_a_node_on_another_machine_is_found(device, is_remote):
    found = remote_devices(node_of("Relu", device=device))
    assert [item.why for item in found] == (
        [f"is placed on another machine, {device!r}"] if is_remote else []
    )


LASTING = {
    "QueueDequeueV2": True,
    "CollectiveReduceV2": True,
    "Abort": True,
    "_Recv": True,
    "SaveV2": True,
    "RestoreV2": False,
    "AssignVariableOp": False,
    "ReadFile": False,
    "XlaCallModule": False,
}


@pytest.mark.parametrize(("op", "lasts"), LASTING.items(), ids=LASTING)
def test_what_lasts_or_waits_is_not_run_even_once(op, lasts):
    assert bool(lasting_ops(node_of(op))) == lasts


def test_a_function_that_nothing_calls_does_not_last():
    graph_def = recursive("a")
    graph_def.library.function[0].node_def[0].op = "WriteFile"
    graph_def.library.function[0].node_def[0].attr.clear()
    assert lasting_ops(graph_def) == []
    graph_def.node.add(name="call", op="a")
    assert [found.op for found in lasting_ops(graph_def)] == ["WriteFile"]


def test_unknown_op_is_noted_once_and_functions_are_not():
    graph_def = graph_of(
        lambda: tf.function(lambda: tf.constant(1)).get_concrete_function()()
    )
    graph_def.node.add(name="a", op="MyCustomOp")
    graph_def.node.add(name="b", op="MyCustomOp")
    assert unknown_ops(graph_def) == {"MyCustomOp": "a"}
