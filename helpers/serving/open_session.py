"""Imports a frozen graph behind a uint8 input and opens a session to run it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import config_pb2

from helpers.graphs.session_config import session_config
from helpers.serving.model_spec import PIXELS
from helpers.serving.precision import agree, has_bfloat16, predict_singly, probe_images
from helpers.serving.relu_before_pool import relu_before_pool
from helpers.serving.rounding import round_kernels


class OpenSession(NamedTuple):
    """An imported graph and its session."""

    graph: tf.Graph
    x: tf.Tensor  # the network's own float32 input
    y_pred: tf.Tensor
    session: tf1.Session
    run: Callable[[np.ndarray], np.ndarray]  # uint8 images to probabilities
    bfloat16: bool


def open_session(
    graph_def: tf1.GraphDef, card: dict, constants: Mapping = {}, **settings
) -> OpenSession:
    """The graph behind the uint8 placeholder `images`, in a session of its own.

    Unlike `Session.run` and `make_callable`, `run` does not copy the array it feeds. It
    does not check shape and dtype either: the caller must.

    Args:
      card: the graph's card, as model_spec returns it.
      constants: arrays that replace constants of the graph, by op name.
      settings: keyword arguments of session_config.
    """
    graph = tf.Graph()
    with graph.as_default():
        shape = [None, card["image_size"], card["image_size"], 3]
        images = tf1.placeholder(tf.uint8, shape, name="images")
        x = PIXELS[card["pixels"]](tf.cast(images, tf.float32))
        replaced = {f"{name}:0": tf.constant(constants[name]) for name in constants}
        (y_pred,) = tf1.import_graph_def(
            graph_def,
            input_map=replaced | {card["input"]: x},
            return_elements=[card["output"]],
            name="",
        )
    graph.finalize()
    session = tf1.Session(graph=graph, config=session_config(**settings))
    session.run(card.get("initialisers", []))
    options = config_pb2.CallableOptions(feed=[images.name], fetch=[y_pred.name])
    options.run_options.inter_op_thread_pool = -1  # run in the caller's own thread
    call = session._make_callable_from_options(options)
    bfloat16 = settings.get("bfloat16", False)
    return OpenSession(graph, x, y_pred, session, lambda fed: call(fed)[0], bfloat16)


def fastest_session(
    graph_def: tf1.GraphDef, card: dict, *, threads: int
) -> OpenSession:
    """A bfloat16 session if the CPU has it and the probabilities agree, else float32.

    Changes `graph_def`: each Relu after a MaxPool moves before it.
    """
    relu_before_pool(graph_def, card["output"])
    if has_bfloat16():
        kernels, images = round_kernels(graph_def), probe_images(card["image_size"])
        quick = open_session(graph_def, card, kernels, threads=threads, bfloat16=True)
        # Not optimised, which takes seconds: it only runs the probe images.
        exact = open_session(graph_def, card, threads=threads, optimised=False)
        agreed = agree(
            predict_singly(quick.run, images), predict_singly(exact.run, images)
        )
        exact.session.close()
        if agreed:
            return quick
        quick.session.close()
    return open_session(graph_def, card, threads=threads)
