"""Run a checkpoint's own graph, or a frozen one, in a session of its own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import rewriter_config_pb2

from helpers.checkpoints.mapped_graphs import map_graph
from helpers.freezing.passes.constants.read_values import (
    RESOURCE_VARIABLES,
    forget_hints,
    variables,
)
from helpers.freezing.passes.constants.variables_to_constants import place_of
from helpers.freezing.proof.sample_inputs import is_open_shape
from helpers.freezing.sources.checkpoint_values import Checkpoint, Saved, restored_from
from helpers.graphs.editor import Edge, GraphEditor, data_inputs


class Running:
    """A graph in a session that runs it as it is: no optimiser rewrites it."""

    def __init__(self, graph_def: tf1.GraphDef, constants: Mapping = {}):
        self.constants = constants  # fed in every run
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf1.import_graph_def(graph_def, name="")
        self.session = tf1.Session(graph=self.graph, config=_config())

    @classmethod
    def load(cls, path: Path) -> "Running":
        return cls(*map_graph(path))

    def start(self, ops: Iterable[str]) -> None:
        """Run ops once: they restore variables and fill tables."""
        for name in ops:
            op = self.graph.get_operation_by_name(name)
            self.session.run(op, self.constants)

    def run(self, outputs: Iterable[Edge], feeds: Mapping, seconds: int = 0) -> list:
        """The values of the outputs; feeds of what it does not have are left out.

        Args:
          feeds: arrays by tensor name.
          seconds: how long it may take; 0 for ever.
        """
        has = {op.name for op in self.graph.get_operations()}
        fed = {name: value for name, value in feeds.items() if _op(name) in has}
        wanted = [f"{item.node}:{item.index}" for item in outputs]
        limit = tf1.RunOptions(timeout_in_ms=1000 * seconds)
        return self.session.run(wanted, fed | self.constants, options=limit)

    def placeholders(self) -> list[tf.Tensor]:
        """What has to be fed."""
        return [tensor for tensor in self.inputs() if _must_be_fed(tensor.op)]

    def inputs(self) -> list[tf.Tensor]:
        """What can be fed by design."""
        ops = self.graph.get_operations()
        found = [op.outputs[0] for op in ops if op.type.startswith("Placeholder")]
        return [tensor for tensor in found if tensor.name not in self.constants]

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *exception) -> None:
        self.session.close()


def _must_be_fed(op: tf.Operation) -> bool:
    """Whether it has no default, or the open shape of a sparse tensor as one."""
    if op.type == "PlaceholderWithDefault":
        return is_open_shape(op)
    return op.type in ("Placeholder", "PlaceholderV2")


def _op(tensor: str) -> str:
    return tensor.split(":")[0]


def _config() -> tf1.ConfigProto:
    config = tf1.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0})
    rewrite = config.graph_options.rewrite_options
    rewrite.disable_meta_optimizer = True
    rewrite.constant_folding = rewriter_config_pb2.RewriterConfig.OFF
    config.graph_options.optimizer_options.opt_level = tf1.OptimizerOptions.L0
    return config


def restored(
    editor: GraphEditor,
    checkpoint: Checkpoint,
    saved: dict[str, list[Saved]],
    rounding: tf.DType | None = None,
) -> list[str]:
    """Add an op to the checkpoint's own graph that restores what it needs; its name.

    TensorFlow's own restore kernel reads the values, not this project's reader.

    Args:
      rounding: the type of 16 bits that float32 values are rounded to.
    """
    for node in editor.nodes.values():
        if node.op == "Placeholder" and "_output_shapes" in node.attr:
            node.attr["_noted_shape"].CopyFrom(node.attr["_output_shapes"])
    forget_hints(editor)
    made = []
    for number, node in enumerate(variables(editor)):
        place = place_of(node, checkpoint, saved)
        if place is None:
            continue
        dtype = node.attr["dtype"].type
        name = f"prove/{number}/assign"
        read = _restore(editor, f"prove/{number}", checkpoint.prefix, place, dtype)
        resource = node.op in RESOURCE_VARIABLES
        op = "AssignVariableOp" if resource else "Assign"
        assign = editor.add(name, op, [node.name, read])
        assign.attr["dtype" if resource else "T"].type = dtype
        if not resource:
            assign.attr["validate_shape"].b = False
        made.append(name)
    _restore_tables(editor, checkpoint)
    if rounding:
        _round(editor, rounding)
    return [editor.add("prove/restore", "NoOp", (f"^{name}" for name in made)).name]


def _restore_tables(editor: GraphEditor, checkpoint: Checkpoint) -> None:
    """Let savers that fill tables read this checkpoint."""
    for name in editor.initialisers:
        node = editor.nodes[name]
        for position, item in enumerate(data_inputs(node)):
            place = restored_from(editor.nodes, item)
            if place:
                dtype = checkpoint.dtypes[place.key].as_datatype_enum
                scope = f"prove/{name}/{position}"
                source = _restore(editor, scope, checkpoint.prefix, place, dtype)
                node.input[position] = source


def _restore(
    editor: GraphEditor, scope: str, prefix: str, place: Saved, dtype: int
) -> str:
    texts = {"prefix": prefix, "key": [place.key], "part": [place.part]}
    inputs = [_text(editor, f"{scope}/{role}", text) for role, text in texts.items()]
    node = editor.add(f"{scope}/restore", "RestoreV2", inputs)
    node.attr["dtypes"].list.type.append(dtype)
    return node.name


def _round(editor: GraphEditor, rounding: tf.DType) -> None:
    """Round what is restored, as freezing in 16 bits does."""
    wide, narrow = tf.float32.as_datatype_enum, rounding.as_datatype_enum
    moves = {}
    for node in list(editor.nodes.values()):
        if node.op != "RestoreV2" or list(node.attr["dtypes"].list.type) != [wide]:
            continue
        there = editor.add(f"{node.name}/narrow", "Cast", [node.name])
        there.attr["SrcT"].type, there.attr["DstT"].type = wide, narrow
        back = editor.add(f"{node.name}/wide", "Cast", [there.name])
        back.attr["SrcT"].type, back.attr["DstT"].type = narrow, wide
        moves[node.name] = back.name
    for node in editor.nodes.values():
        if not node.name.endswith("/narrow"):
            for index, text in enumerate(node.input):
                node.input[index] = moves.get(text, text)


def _text(editor: GraphEditor, name: str, value) -> str:
    node = editor.add(name, "Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return name
