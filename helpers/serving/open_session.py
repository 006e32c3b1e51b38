"""A frozen graph made ready to run: a session, and the function that runs it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import config_pb2

from helpers.graphs.session_config import session_config
from helpers.serving.model_spec import PIXELS
from helpers.serving.precision import agree, has_bfloat16, one_by_one, probes
from helpers.serving.relu_before_pool import relu_before_pool
from helpers.serving.rounding import rounded_kernels


class Running(NamedTuple):
    """A graph in a session of its own."""

    graph: tf.Graph
    x: tf.Tensor  # what the network itself is fed
    y_pred: tf.Tensor
    session: tf1.Session
    run: Callable[[np.ndarray], np.ndarray]  # uint8 images to probabilities
    bfloat16: bool


def open_session(
    graph_def: tf1.GraphDef, card: dict, constants: Mapping = {}, **settings
) -> Running:
    """The graph behind a uint8 input, in a session.

    `Session.run` and `make_callable` copy what they feed; `run` does not, and checks
    nothing: the caller must.

    Args:
      card: the facts of the graph, as `facts_of` gives them.
      constants: arrays in place of the graph's own, by name.
      settings: as session_config takes them.
    """
    graph = tf.Graph()
    with graph.as_default():
        shape = [None, card["image_size"], card["image_size"], 3]
        images = tf1.placeholder(tf.uint8, shape, name="images")
        x = PIXELS[card["pixels"]](tf.cast(images, tf.float32))
        others = {f"{name}:0": tf.constant(constants[name]) for name in constants}
        (y_pred,) = tf1.import_graph_def(
            graph_def,
            input_map=others | {card["input"]: x},
            return_elements=[card["output"]],
            name="",
        )
    graph.finalize()
    session = tf1.Session(graph=graph, config=session_config(**settings))
    session.run(card.get("initialisers", []))
    options = config_pb2.CallableOptions(feed=[images.name], fetch=[y_pred.name])
    options.run_options.inter_op_thread_pool = -1  # the caller's own thread
    call = session._make_callable_from_options(options)
    bfloat16 = settings.get("bfloat16", False)
    return Running(graph, x, y_pred, session, lambda fed: call(fed)[0], bfloat16)


def fastest_session(graph_def: tf1.GraphDef, card: dict, *, threads: int) -> Running:
    """In bfloat16, where the CPU has it and the answers agree; else in float32."""
    relu_before_pool(graph_def, card["output"])
    if has_bfloat16():
        kernels, images = rounded_kernels(graph_def), probes(card["image_size"])
        quick = open_session(graph_def, card, kernels, threads=threads, bfloat16=True)
        # Not optimised, which takes seconds: it runs the probes only.
        exact = open_session(graph_def, card, threads=threads, optimised=False)
        alike = agree(one_by_one(quick.run, images), one_by_one(exact.run, images))
        exact.session.close()
        if alike:
            return quick
        quick.session.close()
    return open_session(graph_def, card, threads=threads)
