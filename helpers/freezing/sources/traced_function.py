"""Trace the forward pass of a Keras model into a graph."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.captured_variables import graph_with_captures
from helpers.freezing.sources.source import Call, Source

SERVING = "serving_default"
NAMED = "output_names"  # a signature whose keys are the output layers' names


def trace(path: Path, model: Any) -> Source:
    """A Keras model's forward pass, training off, and its variables' values.

    Recurrent states are set to zero.

    Raises:
      FreezeError: the model has no known input, or captured what no graph can hold.
    """
    kept = [layer for layer in model._flatten_layers() if _keeps_state(layer)]
    _reset(kept)
    function = _forward(path, model)
    graph_def, captured = graph_with_captures(function)
    meta = tf1.MetaGraphDef(graph_def=graph_def)
    keys = _output_names(model, function)
    for index, tensor in enumerate(function.outputs):
        meta.signature_def[SERVING].outputs[f"{index:03}"].name = tensor.name
        if keys:
            meta.signature_def[NAMED].outputs[keys[index]].name = tensor.name
    name, call = str(path.with_suffix("")), _by_tensor_name(function, kept)
    names = ", ".join(layer.name for layer in kept)
    note = f"{names} keep their state between calls; the frozen graph begins at zero"
    notes = (*_made_dense(model), *([note] if kept else []))
    return Source(meta, None, (path,), name, notes, captured=captured, call=call)


def _made_dense(model: Any) -> Iterator[str]:
    """What has to be said of inputs that were not dense."""
    for tensor in tf.nest.flatten(model.inputs):
        kind = type(getattr(tensor, "type_spec", None)).__name__  # of Keras 2
        for other in ("ragged", "sparse"):
            if getattr(tensor, other, False) is True or kind.lower().startswith(other):
                name = tensor.name.split(":")[0]
                yield f"the input {name!r} is {other}; that of the frozen graph, dense"


def _forward(path: Path, model: Any):
    """The forward pass as a concrete function of the model's inputs, in their order."""
    if not getattr(model, "inputs", None):
        raise FreezeError(
            f"{path} holds a model whose inputs are not known: it was saved before it "
            "was built, or is a class of its own that describes none",
            "call it once on data in Python, export it (model.export('folder')), and "
            "freeze the SavedModel",
        )
    inputs = tf.nest.flatten(model.inputs)
    names = list(getattr(model, "input_names", None) or [t.name for t in inputs])
    if len(names) != len(inputs):
        names = [tensor.name for tensor in inputs]
    specs = [_spec(*pair) for pair in zip(inputs, names, strict=True)]
    structure = model.inputs if isinstance(model.inputs, list | tuple) else None
    nested = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    structure = nested if nested is not None else structure

    @tf.function(autograph=False)
    def forward(*given):
        packed = given[0] if len(given) == 1 else list(given)
        if structure is not None and not isinstance(structure, list | tuple):
            packed = tf.nest.pack_sequence_as(structure, list(given))
        return model(packed, training=False)

    return forward.get_concrete_function(*specs)


def _spec(tensor: Any, name: str) -> tf.TensorSpec:
    """The type, shape and name of an input."""
    shape = tf.TensorShape(tensor.shape)
    return tf.TensorSpec(shape, tensor.dtype, name.split(":")[0].replace("/", "_"))


def _output_names(model: Any, function) -> list[str]:
    """The names of the outputs, in their order; none if they are not known."""
    outputs = function.structured_outputs
    if isinstance(outputs, dict):
        names = sorted(outputs)
    else:
        names = list(getattr(model, "output_names", None) or [])
    unique = len(set(names)) == len(names) == len(function.outputs)
    return names if unique else []


def _reset(layers: Sequence[Any]) -> None:
    """Set the states of recurrent layers to zero."""
    for layer in layers:
        if hasattr(layer, "reset_states"):
            layer.reset_states()
        else:
            layer.reset_state()


def _keeps_state(layer: Any) -> bool:
    resets = hasattr(layer, "reset_states") or hasattr(layer, "reset_state")
    return resets and bool(getattr(layer, "stateful", False))


def _by_tensor_name(function, kept: Sequence[Any]) -> Call:
    """The function as one that takes and returns arrays by tensor name."""
    inputs = [t for t in function.inputs if t.dtype != tf.resource]
    inputs = inputs[: len(inputs) - _captured(function)]

    def call(feeds: Mapping[str, Any]) -> dict[str, Any]:
        _reset(kept)
        given = [tf.constant(feeds[tensor.name], tensor.dtype) for tensor in inputs]
        with _without_rewriting():
            outputs = tf.nest.flatten(function(*given))
        pairs = zip(function.outputs, outputs, strict=True)
        return {tensor.name: value.numpy() for tensor, value in pairs}

    return call


def _captured(function) -> int:
    """The number of captured tensors that are no resources."""
    return sum(t.dtype != tf.resource for t in function.captured_inputs)


@contextmanager
def _without_rewriting() -> Iterator[None]:
    """Within it, TensorFlow does not fuse ops of functions, which changes rounding."""
    options = tf.config.optimizer
    before = options.get_experimental_options().get("disable_meta_optimizer", False)
    options.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        options.set_experimental_options({"disable_meta_optimizer": before})
