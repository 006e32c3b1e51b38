"""Small models of the kinds that checkpoints are of, made with TensorFlow itself."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # for exact equality

import tensorflow as tf
from tensorflow.core.protobuf import saver_pb2

from helpers.freezing.freeze import freeze
from helpers.freezing.report import Report
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor

tf1 = tf.compat.v1
MOMENTS = ("gamma", "beta", "mean", "variance")
V1, V2 = saver_pb2.SaverDef.V1, saver_pb2.SaverDef.V2


def save(
    build: Callable,
    folder: Path,
    *,
    edit: Callable | None = None,
    old: bool = False,
    **how,
) -> str:
    """Save a checkpoint of the graph that `build` makes; return its prefix.

    Args:
      build: makes the graph; may return the variables to save.
      edit: changes the MetaGraphDef before it is written.
      old: with the control flow of TensorFlow 1: Switch, Merge and Enter ops.
      how: arguments for Saver; `name` is the checkpoint's basename.
    """
    name = how.pop("name", "model-ckpt")
    graph = tf.Graph()
    with graph.as_default():
        tf1.set_random_seed(7)
        if old:
            tf1.disable_control_flow_v2()
        try:
            variables = build()
        finally:
            tf1.enable_control_flow_v2()
        saver = tf1.train.Saver(variables, **how)
        start = [tf1.global_variables_initializer(), tf1.tables_initializer()]
        with tf1.Session(graph=graph) as session:
            session.run(start)
            folder.mkdir(parents=True, exist_ok=True)
            prefix = saver.save(session, f"{folder}/{name}", write_meta_graph=False)
        meta = tf1.train.export_meta_graph(saver_def=saver.saver_def)
    if edit:
        edit(meta)
    Path(f"{prefix}.meta").write_bytes(meta.SerializeToString())
    return prefix


def edited(build: Callable) -> GraphEditor:
    """An editor of the graph that `build` makes, whose output is `y`."""
    with tf.Graph().as_default() as graph:
        build()
    return GraphEditor.of(graph.as_graph_def(), [Edge("y", 0)])


def checkpoint_answers(prefix: str, outputs: list[str], feeds: Mapping) -> list:
    """The outputs of a checkpoint that TensorFlow's own saver restores."""
    graph = tf.Graph()
    with graph.as_default(), _session(graph) as session:
        saver = tf1.train.import_meta_graph(f"{prefix}.meta", clear_devices=True)
        saver.restore(session, prefix)
        session.run(tf1.tables_initializer())
        return session.run([f"{name}:0" for name in outputs], _fed(graph, feeds))


def frozen_answers(path: Path, outputs: list[str], feeds: Mapping, start=()) -> list:
    """The outputs of a frozen graph in a session of its own."""
    graph = tf.Graph()
    with graph.as_default(), _session(graph) as session:
        tf1.import_graph_def(read(path), name="")
        session.run(list(start))
        return session.run([f"{name}:0" for name in outputs], _fed(graph, feeds))


def frozen_as_checkpoint(prefix: str, feeds: Mapping | None = None, **how) -> Report:
    """Freeze `y`; assert that the frozen graph gives the checkpoint's outputs."""
    feeds, how = X if feeds is None else feeds, {"outputs": ["y"]} | how
    report = freeze(prefix, **how)
    start = report.card.get("initialisers", ())
    frozen = frozen_answers(report.output, how["outputs"], feeds, start)
    expected = checkpoint_answers(prefix, how["outputs"], feeds)
    for ours, theirs in zip(frozen, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    return report


def _session(graph) -> tf1.Session:
    """A session that does not rewrite the graph: rewriting changes the rounding."""
    config = tf1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return tf1.Session(graph=graph, config=config)


def _fed(graph, feeds: Mapping) -> dict:
    names = {op.name for op in graph.get_operations()}
    return {f"{name}:0": value for name, value in feeds.items() if name in names}


def read(path: Path) -> tf1.GraphDef:
    graph_def = tf1.GraphDef()
    graph_def.ParseFromString(Path(path).read_bytes())
    return graph_def


def ops(path: Path) -> set[str]:
    """The ops of a frozen graph and of its functions."""
    graph_def = read(path)
    bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
    return {node.op for body in bodies for node in body}


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).random(shape, np.float32)


X = {"x": numbers(2, 4)}


def fed(*shape: int) -> tf.Tensor:
    """The placeholder `x`, of float32, shape [None, 4] or [None, *shape]."""
    return tf1.placeholder(tf.float32, [None, *(shape or (4,))], name="x")


def variable(name: str, shape, **how) -> tf.Tensor:
    """A variable of random values in [0.1, 1)."""
    return tf1.get_variable(
        name, shape, initializer=tf1.random_uniform_initializer(0.1, 1, seed=5), **how
    )


def dense(x, units: int, name: str, **how):
    with tf1.variable_scope(name):
        kernel = variable("kernel", [x.shape[-1], units], **how)
        return tf.matmul(x, kernel) + variable("bias", [units], **how)


def trained(y) -> None:
    """Add the parts that training needs: labels, a loss, an optimizer, a step."""
    labels = tf1.placeholder(tf.float32, y.shape, name="y_true")
    loss = tf.reduce_mean(tf.square(y - labels), name="loss")
    step = tf1.train.get_or_create_global_step()
    tf1.train.AdamOptimizer().minimize(loss, step)


def perceptron(**how):
    hidden = tf.nn.relu(dense(fed(), 5, "one", **how))
    trained(tf.nn.softmax(dense(hidden, 3, "two", **how), name="y"))


def partitioned(**how):
    partitioner = tf1.fixed_size_partitioner(3)
    with tf1.variable_scope("parts", partitioner=partitioner):
        kernel = variable("kernel", [6, 4], **how)
    tf.matmul(fed(6), tf.convert_to_tensor(kernel), name="y")


def shared(**how):
    x = fed()
    with tf1.variable_scope("both", reuse=tf1.AUTO_REUSE):
        once = tf.nn.tanh(dense(x, 4, "layer", **how))
        y = tf.nn.tanh(dense(once, 4, "layer", **how))
    tf.identity(y, name="y")


def convolved(**how):
    kernel = variable("kernel", [3, 3, 3, 4], **how)
    images = tf.nn.conv2d(fed(8, 8, 3), kernel, 1, "SAME")
    moments = [variable(name, [4], **how) for name in MOMENTS]
    images, *_ = tf1.nn.fused_batch_norm(images, *moments, is_training=False)
    tf.nn.relu(images, name="y")


def conditional(**how):
    x = fed()
    one, two = variable("one", [4], **how), variable("two", [4], **how)
    y = tf1.cond(tf.reduce_sum(x) > 7, lambda: x * one, lambda: x - two)
    tf.identity(y, name="y")


def loop(**how):
    kernel, bias = variable("kernel", [4, 4], **how), variable("bias", [4], **how)

    def step(i, state):
        return i + 1, tf.tanh(tf.matmul(state, kernel) + bias)

    _, y = tf1.while_loop(lambda i, _: i < 3, step, [0, fed()])
    tf.identity(y, name="y")


def embedded(**how):
    x = tf1.placeholder(tf.int32, [None, 2], name="x")
    found = tf.nn.embedding_lookup(variable("table", [2, 5], **how), x, name="found")
    tf.identity(found * 2, name="y")


def called(**how):
    kernel = variable("kernel", [4, 4], **how)

    @tf.function
    def layer(values):
        return tf.matmul(values, kernel)

    tf.nn.relu(layer(layer(fed())), name="y")


def waiting(**how):
    """Assertions, summaries and updates on control edges only."""
    x = fed()
    y = dense(x, 3, "one", **how)
    seen = tf1.get_variable("seen", [], initializer=tf1.zeros_initializer(), **how)
    check = tf1.debugging.assert_less(x, 10.0)
    summary = tf1.summary.histogram("answers", y)
    with tf.control_dependencies([check, summary.op, seen.assign_add(1.0).op]):
        tf.identity(y, name="y")


def old_dropout(values, keep, name=None):
    """Dropout as TensorFlow 1.0 to 1.12 wrote it."""
    mask = tf.floor(keep + tf.random.uniform(tf.shape(values)))
    return tf.multiply(values / keep, mask, name=name)


def with_dropout(drop: Callable, **how):
    """A perceptron with `drop` applied to its hidden layer."""
    tf.nn.softmax(dense(drop(dense(fed(), 5, "one", **how)), 3, "two", **how), name="y")


def dropped_by_keep_prob(**how):
    keep = tf1.placeholder(tf.float32, [], name="keep_prob")
    with_dropout(lambda hidden: old_dropout(hidden, keep), **how)


def dropped_by_rate(**how):
    rate = tf1.placeholder_with_default(0.5, [], name="drop_rate")
    with_dropout(lambda hidden: tf.nn.dropout(hidden, rate=rate), **how)


def dropped_always(**how):
    """Dropout with a constant rate: the graph was exported from training."""
    with_dropout(lambda hidden: tf.nn.dropout(hidden, rate=0.25), **how)


def dropped_always_by_keep_prob(**how):
    keep = tf.constant(0.5, name="dropout/keep_prob")
    with_dropout(lambda hidden: old_dropout(hidden, keep), **how)


def switched(**how):
    """Batch normalization and dropout behind `is_training`."""
    x = fed(2, 2, 4)
    training = tf1.placeholder(tf.bool, [], name="is_training")
    moments = [variable(name, [4], **how) for name in MOMENTS]
    y, *_ = tf1.cond(
        training,
        lambda: tf1.nn.fused_batch_norm(x, *moments[:2], is_training=True),
        lambda: tf1.nn.fused_batch_norm(x, *moments, is_training=False),
    )
    y = tf1.cond(training, lambda: tf.nn.dropout(y, rate=0.5), lambda: y)
    tf.identity(y, name="y")


def counting(**how):
    """A graph whose output depends on a variable that each run changes."""
    runs = variable("runs", [], **how)
    with tf.control_dependencies([runs.assign_add(1.0)]):
        now = runs.read_value()
    tf.multiply(fed(), now, name="y")


def noisy(**how):
    y = dense(fed(), 3, "one", **how)
    tf.add(y, tf.random.normal(tf.shape(y)), name="y")


def queued(**how):
    files = tf1.train.string_input_producer(["none.txt"])
    _, line = tf1.TextLineReader().read(files)
    row = tf.reshape(tf.strings.to_number(tf.strings.split([line]).values), [4])
    x, _ = tf1.train.batch([row, tf.zeros([])], 2)
    tf.identity(dense(x, 3, "one", **how), name="y")


def iterated(**how):
    data = tf.data.Dataset.from_tensors((np.zeros(4, np.float32), 1)).batch(2)
    x, _ = tf1.data.make_initializable_iterator(data).get_next()
    tf.identity(dense(x, 3, "one", **how), name="y")


def looked_up(**how):
    x, values = tf1.placeholder(tf.string, [None], name="x"), np.array([1, 2])
    pairs = tf.lookup.KeyValueTensorInitializer(["a", "b"], values)
    rows = tf.lookup.StaticHashTable(pairs, 0).lookup(x)
    tf.gather(variable("table", [3, 5], **how), rows, name="y")


BUILDERS = (
    *(perceptron, partitioned, shared, convolved, conditional, loop, embedded, called),
    *(waiting, dropped_by_keep_prob, dropped_by_rate, switched, looked_up),
)
MODELS = {build.__name__: build for build in BUILDERS}
FEEDS = {
    "convolved": {"x": numbers(2, 8, 8, 3)},
    "switched": {"x": numbers(2, 2, 2, 4), "is_training": False},
    "embedded": {"x": np.array([[0, 1], [1, 1]], np.int32)},
    "partitioned": {"x": numbers(2, 6)},
    "dropped_by_keep_prob": {"x": numbers(2, 4), "keep_prob": 1.0},
    "dropped_by_rate": {"x": numbers(2, 4), "drop_rate": 0.0},
    "looked_up": {"x": np.array(["b", "?"], object)},
}


def feeds_of(name: str) -> dict:
    return FEEDS.get(name, X)


def with_ops(**ops: str) -> Callable:
    """An edit that replaces ops by others."""

    def edit(meta):
        for node in meta.graph_def.node:
            node.op = ops.get(node.op, node.op)

    return edit


def with_unparsable_version(meta):
    meta.meta_info_def.tensorflow_version = "0.12.head"
    meta.graph_def.versions.producer = 19


def with_contradicting_shapes(meta):
    for node in meta.graph_def.node:
        if node.op in ("MatMul", "Softmax"):
            shape = node.attr["_output_shapes"].list.shape.add()
            shape.dim.add(size=17)


def with_objects_of_contrib(meta):
    meta.collection_def["saveable_objects"].bytes_list.value.append(b"\x80contrib")
    meta.collection_def["variables"].bytes_list.value.append(b"none")


def on_other_machines(meta):
    for node in meta.graph_def.node:
        node.device = "/job:ps/task:3/device:GPU:7"
        node.attr["_class"].list.s.append(b"loc:@not_there")


EDITS = {
    "Variable ops of TensorFlow 0.x": with_ops(VariableV2="Variable"),
    "an unparsable version": with_unparsable_version,
    "contradicting shapes": with_contradicting_shapes,
    "saveables of contrib": with_objects_of_contrib,
    "devices elsewhere": on_other_machines,
    "training ops of other libraries": with_ops(ApplyAdam="HorovodApplyAdam"),
}


def swapped_keys():
    """Two variables, each saved under the other's name."""
    one, two = variable("one", [4]), tf1.get_variable("two", [4])
    tf.add(fed() * one, two, name="y")
    return {"two": one, "one": two}


def dropped_in_training(training) -> None:
    """A layer with dropout if `training` is true."""
    y = dense(fed(), 3, "one")
    dropped = lambda: tf.nn.dropout(y, rate=0.5)  # noqa: E731
    tf.identity(tf1.cond(training, dropped, lambda: y), name="y")


def switched_by_variable(**how):
    training = tf1.get_variable("is_training", initializer=True, trainable=False, **how)
    dropped_in_training(training)


def dropped_in_a_loop():
    weights = variable("w", [4])

    def step(i, state):
        return i + 1, tf.nn.dropout(tf.tanh(state * weights), rate=0.5)

    tf.identity(tf1.while_loop(lambda i, _: i < 3, step, [0, fed()])[1], name="y")


REFERENCE = {"use_resource": False}
CLASSES = {  # kind of checkpoint -> function that builds it, arguments of `save`
    **{key: (lambda: perceptron(**REFERENCE), {"edit": EDITS[key]}) for key in EDITS},
    "V1 format": (perceptron, {"write_version": V1}),
    "V1 format, sharded": (perceptron, {"write_version": V1, "sharded": True}),
    "keys that are not names": (swapped_keys, {}),
    "partitioned variables": (partitioned, {}),
    "a loop on references": (lambda: loop(**REFERENCE), {"old": True}),
    "a loop of functions": (loop, {}),
    "a conditional on references": (lambda: conditional(**REFERENCE), {"old": True}),
    "functions that are called": (called, {}),
    "embeddings": (embedded, {}),
    "assertions and updates": (waiting, {}),
    "keep_prob": (dropped_by_keep_prob, {}),
    "a dropout that is always on": (dropped_always, {}),
    "a dropout in a loop": (dropped_in_a_loop, {}),
    "is_training, a placeholder": (switched, {"old": True}),
    "is_training, a variable": (switched_by_variable, {}),
    "a lookup table": (looked_up, {}),
    "a queue": (queued, {}),
    "an iterator": (iterated, {}),
    "a graph that counts its runs": (counting, {}),
    "a graph that is random": (noisy, {}),
}


def frozen_graph() -> bytes:
    """A graph without variables, serialized."""
    with tf.Graph().as_default() as graph:
        tf.identity(tf1.placeholder(tf.float32, [None]) * 2, name="y")
    return graph.as_graph_def().SerializeToString()
