"""The configuration of this project's sessions."""

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import rewriter_config_pb2

from helpers.graphs.graph_bodies import bodies


def session_config(
    *,
    bfloat16: bool = False,
    threads: int = 0,
    optimised: bool = True,
    channels_first: bool = False,
) -> tf1.ConfigProto:
    """A ConfigProto for a session.

    Args:
      bfloat16: compute convolutions and matrix products in bfloat16.
      threads: the number that one op may use; 0: one per core. The first session of a
        process sets it for all.
      optimised: rewrite the graph before its first run; this takes seconds for a large
        graph.
      channels_first: the graph has convolutions in NCHW, which CPUs run only after
        their rewriting to NHWC.
    """
    config = tf1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    config.intra_op_parallelism_threads = threads
    rewrite = config.graph_options.rewrite_options
    if channels_first:
        rewrite_layouts(config)
    elif not optimised:
        rewrite.disable_meta_optimizer = True
    if bfloat16:
        toggle = rewriter_config_pb2.RewriterConfig
        rewrite.auto_mixed_precision_onednn_bfloat16 = toggle.ON
    return config


def rewrite_layouts(config: tf1.ConfigProto) -> None:
    """Have ops in NCHW rewritten to NHWC, which CPUs run."""
    rewrite = config.graph_options.rewrite_options
    rewrite.cpu_layout_conversion = rewriter_config_pb2.RewriterConfig.NCHW_TO_NHWC
    rewrite.min_graph_nodes = -1  # small graphs are not left out


def is_channels_first(graph_def: tf1.GraphDef) -> bool:
    """Whether an op of the graph, or of its functions, computes in NCHW."""
    return any(
        node.attr["data_format"].s == b"NCHW"
        for body in bodies(graph_def)
        for node in body.nodes
        if "data_format" in node.attr
    )
