"""Load a model that is Python objects, and trace its forward pass into a graph."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.captured_variables import graph_with_captures
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.freezing.sources.source import Call, Source

SERVING = "serving_default"


def load_and_trace(path: Path, load: Callable[[Path], Any]) -> Source:
    """The traced forward pass of the model that `load(path)` returns.

    Raises:
      FreezeError: the model cannot be loaded, or has no signature or no known input.
    """
    warnings: list[str] = []
    try:
        model = load(path)  # the function has weak references to its variables
        function = _trace(path, model, warnings)
    except FreezeError:
        raise
    except Exception as error:  # loaders raise whatever their layers raise
        raise FreezeError(
            f"{path} cannot be loaded: {error_summary(error)}",
            "it needs the code and the versions that it was saved with",
        ) from error
    graph_def, captured = graph_with_captures(function)
    meta = tf1.MetaGraphDef(graph_def=graph_def)
    signature = meta.signature_def[SERVING]
    for key, tensor in zip(_output_keys(function), function.outputs, strict=True):
        signature.outputs[key].name = tensor.name
    files = [p for p in (path, *path.rglob("*")) if p.is_file()]
    name = str(path.with_suffix("")) if path.is_file() else f"{path}/{path.name}"
    call, notes = _by_tensor_name(function), tuple(warnings)
    return Source(meta, None, tuple(files), name, notes, captured=captured, call=call)


def _output_keys(function) -> list[str]:
    """The names of the function's outputs, in their order; else their numbers."""
    outputs = function.structured_outputs
    if isinstance(outputs, dict) and len(outputs) == len(function.outputs):
        return sorted(outputs)
    return [f"{index:03}" for index in range(len(function.outputs))]


def _trace(path: Path, model, warnings: list[str]):
    """The model's forward pass, training off, as a concrete function."""
    if hasattr(model, "signatures"):
        signatures = model.signatures
        if not signatures:
            raise FreezeError(
                f"{path} has no signature to serve", "save it with signatures=…"
            )
        taken = SERVING if SERVING in signatures else min(signatures)
        if len(signatures) > 1:
            named = ", ".join(sorted(signatures))
            warnings.append(f"{path} has the signatures {named}; {taken} is taken")
        return signatures[taken]
    specs = [
        tf.TensorSpec(t.shape, t.dtype, t.name.split(":")[0].replace("/", "_"))
        for t in model.inputs
    ]
    if not specs:
        raise FreezeError(f"{path} was never built: its input is not known", "build it")

    @tf.function(autograph=False)
    def forward(*inputs):
        return model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)

    return forward.get_concrete_function(*specs)


def _by_tensor_name(function) -> Call:
    """The function as one that takes and returns arrays by tensor name."""
    names = [t.name for t in function.inputs if t.dtype != tf.resource]

    def call(feeds: Mapping[str, Any]) -> dict[str, Any]:
        given = {n.split(":")[0]: tf.constant(feeds[n]) for n in names if n in feeds}
        outputs = tf.nest.flatten(function(**given))
        pairs = zip(function.outputs, outputs, strict=True)
        return {tensor.name: value.numpy() for tensor, value in pairs}

    return call
