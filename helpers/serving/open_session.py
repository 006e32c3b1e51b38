"""Imports a frozen graph behind the input that it is served with, in a session."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import config_pb2

from helpers.graphs.edges import Edge
from helpers.graphs.session_config import is_channels_first, session_config
from helpers.serving.model_spec import ModelSpec
from helpers.serving.output_kinds import answer, rewritable
from helpers.serving.precision import agree, has_bfloat16, predict_singly, probe_images
from helpers.serving.relu_before_pool import relu_before_pool
from helpers.serving.rounding import round_kernels


class OpenSession(NamedTuple):
    """An imported graph and its session."""

    graph: tf.Graph
    images: tf.Tensor | None  # the placeholder for photos; None: it takes none
    inputs: dict[str, tf.Tensor]  # the network's own, by name
    outputs: dict[str, tf.Tensor]
    y_pred: tf.Tensor  # what `run` answers
    session: tf1.Session
    run: Callable[[np.ndarray], np.ndarray] | None  # None: the network takes no photo
    bfloat16: bool


def open_session(
    graph_def: tf1.GraphDef, spec: ModelSpec, constants: Mapping = {}, **settings
) -> OpenSession:
    """The graph, behind a placeholder `images` if it takes photos, in a session.

    Unlike `Session.run` and `make_callable`, `run` does not copy the array it feeds. It
    does not check shape and dtype either: the caller must.

    Args:
      spec: the graph's spec, as model_spec returns it.
      constants: arrays that replace constants of the graph, by op name.
      settings: keyword arguments of session_config.
    """
    graph = tf.Graph()
    with graph.as_default():
        images = _photos_placeholder(spec)
        replaced = {**constants, **spec.bound}
        mapped = {f"{name}:0": tf.constant(value) for name, value in replaced.items()}
        own = {}
        if images is not None:
            pixels = spec.preprocessing
            fed = pixels.network_input(images) if pixels else images
            is_one = pixels is not None and pixels.is_one
            if pixels and is_one:
                fed = tf.ensure_shape(fed, [1, *pixels.input_shape])
            own[spec.inputs[0]] = fed
            mapped[spec.inputs[0]] = fed[0] if is_one else fed
        found = tf1.import_graph_def(
            graph_def, mapped, return_elements=[*spec.outputs], name=""
        )
        found = [rewritable(tensor) for tensor in found]
        kind, count = spec.card["output_is"], len(spec.class_names)
        y_pred = answer(found[0], kind, count, images)
    graph.finalize()
    config = session_config(**settings, channels_first=is_channels_first(graph_def))
    session = tf1.Session(graph=graph, config=config)
    session.run(spec.card.get("initialisers", []))
    run = None if images is None else _callable(session, images, y_pred)
    inputs = {
        named(name): own[name] if name in own else graph.get_tensor_by_name(name)
        for name in spec.inputs
    }
    outputs = {
        named(name): tensor for name, tensor in zip(spec.outputs, found, strict=True)
    }
    bfloat16 = settings.get("bfloat16", False)
    return OpenSession(graph, images, inputs, outputs, y_pred, session, run, bfloat16)


def _photos_placeholder(spec: ModelSpec) -> tf.Tensor | None:
    """The placeholder for photos; None: the network takes none."""
    if spec.preprocessing:
        sizes = [None, *spec.preprocessing.image_shape]
        return tf1.placeholder(tf.uint8, sizes, name="images")
    if spec.encoding:
        shape = [] if spec.encoding.is_scalar else [None]
        return tf1.placeholder(tf.string, shape, name="images")
    return None


def _callable(session: tf1.Session, images: tf.Tensor, y_pred: tf.Tensor) -> Callable:
    options = config_pb2.CallableOptions(feed=[images.name], fetch=[y_pred.name])
    options.run_options.inter_op_thread_pool = -1  # run in the caller's own thread
    call = session._make_callable_from_options(options)
    return lambda fed: call(fed)[0]


def named(tensor: str) -> str:
    """The name of an input or output: its op's, with the index of a later output."""
    return str(Edge.parse(tensor))


def fastest_session(
    graph_def: tf1.GraphDef, spec: ModelSpec, *, threads: int
) -> OpenSession:
    """A bfloat16 session if the CPU has it and the probabilities agree, else float32.

    Changes `graph_def`: each Relu after a MaxPool moves before it.
    """
    relu_before_pool(graph_def, *spec.outputs)
    pixels = spec.preprocessing
    if pixels and spec.card["output_is"] != "values" and has_bfloat16():
        kernels = round_kernels(graph_def)
        images = probe_images((pixels.height, pixels.width))
        quick = open_session(graph_def, spec, kernels, threads=threads, bfloat16=True)
        # Not optimised, which takes seconds: it only runs the probe images.
        exact = open_session(graph_def, spec, threads=threads, optimised=False)
        assert quick.run
        assert exact.run
        agreed = agree(
            predict_singly(quick.run, images), predict_singly(exact.run, images)
        )
        exact.session.close()
        if agreed:
            return quick
        quick.session.close()
    return open_session(graph_def, spec, threads=threads)
