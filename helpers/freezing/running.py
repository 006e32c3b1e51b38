"""Run a checkpoint's own graph, or a frozen one, in a session of its own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import rewriter_config_pb2

from helpers.freezing.constants import place_of
from helpers.freezing.drafts import Draft, Edge
from helpers.freezing.rewriting import RESOURCE_VARIABLES, forget_hints, variables
from helpers.freezing.values import Checkpoint, Saved

tf1 = tf.compat.v1


class Running:
    """A graph in a session: no optimiser rewrites it, both sides run the same kernels."""

    def __init__(self, graph_def: tf1.GraphDef):
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf1.import_graph_def(graph_def, name="")
        self.session = tf1.Session(graph=self.graph, config=_config())

    @classmethod
    def load(cls, path: Path) -> "Running":
        return cls(read_graph_def(path))

    def start(self, ops: Iterable[str]) -> None:
        """Run ops once: they restore variables and fill tables."""
        for name in ops:
            self.session.run(self.graph.get_operation_by_name(name))

    def run(self, outputs: Iterable[Edge], feeds: Mapping[str, np.ndarray]) -> list:
        """The values of the outputs; feeds for tensors it does not have are left out."""
        has = {op.name for op in self.graph.get_operations()}
        fed = {name: value for name, value in feeds.items() if _op(name) in has}
        return self.session.run([f"{o.node}:{o.index}" for o in outputs], fed)

    def placeholders(self) -> list[tf.Tensor]:
        """What has to be fed."""
        ops = self.graph.get_operations()
        return [
            op.outputs[0] for op in ops if op.type in ("Placeholder", "PlaceholderV2")
        ]

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *exception) -> None:
        self.session.close()


def read_graph_def(path: Path) -> tf1.GraphDef:
    graph_def = tf1.GraphDef()
    graph_def.ParseFromString(Path(path).read_bytes())
    return graph_def


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
    draft: Draft, checkpoint: Checkpoint, saved: dict[str, list[Saved]]
) -> list[str]:
    """Add ops to the checkpoint's own graph that restore what it needs; their names.

    TensorFlow's own restore kernel reads the values, not this project's reader.
    """
    for node in draft.nodes.values():
        if node.op == "Placeholder" and "_output_shapes" in node.attr:
            node.attr["_noted_shape"].CopyFrom(node.attr["_output_shapes"])
    forget_hints(draft)
    made = []
    for number, node in enumerate(variables(draft)):
        place = place_of(node, checkpoint, saved)
        if place is None:
            continue
        dtype = node.attr["dtype"].type
        texts = [checkpoint.prefix, [place.key], [place.part]]
        names = [
            _text(draft, f"prove/{number}/{role}", text)
            for role, text in zip(("prefix", "key", "part"), texts, strict=True)
        ]
        read = draft.add(f"prove/{number}/restore", "RestoreV2", names)
        read.attr["dtypes"].list.type.append(dtype)
        resource = node.op in RESOURCE_VARIABLES
        op = "AssignVariableOp" if resource else "Assign"
        name = f"prove/{number}/assign"
        assign = draft.add(name, op, [node.name, read.name])
        assign.attr["dtype" if resource else "T"].type = dtype
        made.append(name)
    return made


def _text(draft: Draft, name: str, value) -> str:
    node = draft.add(name, "Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return name
