"""A finished graph made ready to run: a session, and the function that runs it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from helpers.precision import agree, has_bfloat16
from helpers.sessions import session_config

tf1 = tf.compat.v1


class Ends(NamedTuple):
    """A graph from uint8 images [N, size, size, 3] to probabilities [N, classes]."""

    graph: tf.Graph
    images: tf.Tensor
    output: tf.Tensor
    initialisers: list[str]  # ops that are run once, before


class Running(NamedTuple):
    """A session, the function that runs it, and whether that is in 16 bits."""

    session: tf1.Session
    run: Callable[[np.ndarray], np.ndarray]
    bfloat16: bool


def opened(ends: Ends, **settings) -> Running:
    """The graph in a session of its own.

    `Session.run` and `make_callable` copy what they feed; this does not, and checks
    nothing: the caller must.

    Args:
      settings: as session_config takes them.
    """
    session = tf1.Session(graph=ends.graph, config=session_config(**settings))
    session.run(ends.initialisers)
    options = config_pb2.CallableOptions(
        feed=[ends.images.name], fetch=[ends.output.name]
    )
    options.run_options.inter_op_thread_pool = -1  # the caller's own thread
    run = session._make_callable_from_options(options)
    bfloat16 = settings.get("bfloat16", False)
    return Running(session, lambda images: run(images)[0], bfloat16)


def quickest(ends: Ends, *, threads: int) -> Running:
    """In bfloat16, where the CPU has it and the answers agree; else in float32."""
    if has_bfloat16():
        quick = opened(ends, threads=threads, bfloat16=True)
        exact = opened(ends, threads=threads, optimised=False)  # so it opens at once
        alike = agree(exact.run, quick.run, int(ends.images.shape[1]))
        exact.session.close()
        if alike:
            return quick
        quick.session.close()
    return opened(ends, threads=threads)
