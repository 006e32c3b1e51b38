"""The settings that sessions are opened with."""

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import rewriter_config_pb2


def session_config(
    *, bfloat16: bool = False, threads: int = 0, optimised: bool = True
) -> tf1.ConfigProto:
    """Settings for a session.

    Args:
      bfloat16: convolutions and matrix products in 16 bits.
      threads: that one operation may use; 0 is one a core. The first session of a
        process decides for all.
      optimised: rewrite the graph first; for a large one that takes seconds.
    """
    config = tf1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    config.intra_op_parallelism_threads = threads
    rewrite = config.graph_options.rewrite_options
    if not optimised:
        rewrite.disable_meta_optimizer = True
    if bfloat16:
        rewrite.auto_mixed_precision_onednn_bfloat16 = (
            rewriter_config_pb2.RewriterConfig.ON
        )
    return config
