"""Run a graph exactly as it is written, without TensorFlow's graph optimizers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import rewriter_config_pb2

from helpers.checkpoints.mapped_graphs import map_graph
from helpers.freezing.proof.sample_inputs import has_open_shape
from helpers.graphs.edges import Edge
from helpers.graphs.session_config import is_channels_first, rewrite_layouts

# Fields of RewriterConfig that turn an optimizer off: all but the layout optimizer's.
OPTIMIZERS = (
    *("arithmetic_optimization", "auto_mixed_precision"),
    *("common_subgraph_elimination", "constant_folding", "debug_stripper"),
    *("dependency_optimization", "function_optimization", "implementation_selector"),
    *("loop_optimization", "pin_to_host_optimization", "remapping"),
    *("scoped_allocator_optimization", "shape_optimization"),
)


def unoptimized(*, channels_first: bool = False, **fields: Any) -> tf1.ConfigProto:
    """The configuration, with these fields, that runs a graph as it is written.

    Args:
      channels_first: the graph has ops in NCHW: these alone are rewritten to NHWC,
        because CPUs do not run them.
    """
    config = tf1.ConfigProto(**fields)
    rewrite = config.graph_options.rewrite_options
    rewrite.disable_meta_optimizer = not channels_first
    rewrite.constant_folding = rewriter_config_pb2.RewriterConfig.OFF
    if channels_first:
        for name in OPTIMIZERS:
            setattr(rewrite, name, rewriter_config_pb2.RewriterConfig.OFF)
        rewrite.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
        rewrite.disable_model_pruning = True
        rewrite_layouts(config)
    config.graph_options.optimizer_options.opt_level = tf1.OptimizerOptions.L0
    return config


class GraphSession:
    """A graph of its own and a session on the CPU that runs it unoptimized.

    Args:
      constants: arrays by tensor name, fed in every run.
    """

    def __init__(
        self, graph_def: tf1.GraphDef, constants: Mapping[str, Any] | None = None
    ):
        self.constants = dict(constants or {})
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf1.import_graph_def(graph_def, name="")
        config = unoptimized(
            channels_first=is_channels_first(graph_def),
            allow_soft_placement=True,
            device_count={"GPU": 0},
        )
        self.session = tf1.Session(graph=self.graph, config=config)

    @classmethod
    def load(cls, path: Path) -> "GraphSession":
        """A session on the GraphDef in a binary file."""
        return cls(*map_graph(path))

    def initialise(self, ops: Iterable[str]) -> None:
        """Run the ops that restore variables and fill tables, one after another."""
        for name in ops:
            op = self.graph.get_operation_by_name(name)
            self.session.run(op, self.constants)

    def run(
        self, outputs: Iterable[Edge], feeds: Mapping[str, Any], seconds: int = 0
    ) -> list:
        """The values of the outputs.

        Args:
          feeds: arrays by tensor name.
          seconds: the time limit of the run; 0: none.
        """
        wanted = [item.tensor for item in outputs]
        limit = tf1.RunOptions(timeout_in_ms=1000 * seconds)
        return self.session.run(wanted, {**feeds, **self.constants}, options=limit)

    def placeholders(self) -> list[tf.Tensor]:
        """The tensors that have to be fed: placeholders without a usable default."""
        kinds = ("Placeholder", "PlaceholderV2")
        return [t for t in self.inputs() if t.op.type in kinds or has_open_shape(t.op)]

    def inputs(self) -> list[tf.Tensor]:
        """The tensors that can be fed: all placeholders, with or without a default."""
        ops = self.graph.get_operations()
        found = [op.outputs[0] for op in ops if op.type.startswith("Placeholder")]
        return [tensor for tensor in found if tensor.name not in self.constants]

    def __enter__(self) -> "GraphSession":
        return self

    def __exit__(self, *exception: object) -> None:
        self.session.close()
