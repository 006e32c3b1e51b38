"""The configuration of this project's sessions."""

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import rewriter_config_pb2


def session_config(
    *, bfloat16: bool = False, threads: int = 0, optimised: bool = True
) -> tf1.ConfigProto:
    """A ConfigProto for a session.

    Args:
      bfloat16: compute convolutions and matrix products in bfloat16.
      threads: the number that one op may use; 0: one per core. The first session of a
        process sets it for all.
      optimised: rewrite the graph before its first run; this takes seconds for a large
        graph.
    """
    config = tf1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    config.intra_op_parallelism_threads = threads
    rewrite = config.graph_options.rewrite_options
    if not optimised:
        rewrite.disable_meta_optimizer = True
    if bfloat16:
        toggle = rewriter_config_pb2.RewriterConfig
        rewrite.auto_mixed_precision_onednn_bfloat16 = toggle.ON
    return config
