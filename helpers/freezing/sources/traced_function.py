"""Load a model that is Python objects, and trace its forward pass into a graph."""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.captured_variables import graph_of
from helpers.freezing.sources.checkpoint_values import first_line
from helpers.freezing.sources.source import Source

SERVING = "serving_default"


def load_and_trace(path: Path, load, argument: Path) -> Source:
    warnings: list[str] = []
    try:
        model = load(argument)
        function = _function(path, model, warnings)
    except FreezeError:
        raise
    except Exception as error:  # loaders raise whatever their layers raise
        raise FreezeError(
            f"{path} cannot be loaded: {first_line(error)}",
            "it needs the code and the versions that it was saved with",
        ) from error
    graph_def, captured = graph_of(function)
    meta = tf1.MetaGraphDef(graph_def=graph_def)
    signature = meta.signature_def[SERVING]
    for key, tensor in zip(_keys(function), function.outputs, strict=True):
        signature.outputs[key].name = tensor.name
    files = (
        (path,) if path.is_file() else tuple(p for p in path.rglob("*") if p.is_file())
    )
    name = str(path.with_suffix("")) if path.is_file() else f"{path}/{path.name}"
    call = _by_name(function)
    said = tuple(warnings)
    return Source(meta, None, files, name, said, captured=captured, call=call)


def _keys(function) -> list[str]:
    """What the function calls its outputs, in their order; else their numbers."""
    named = function.structured_outputs
    if isinstance(named, dict) and len(named) == len(function.outputs):
        return sorted(named)
    return [f"{index:03}" for index in range(len(function.outputs))]


def _function(path: Path, model, warnings: list[str]):
    """The model's forward pass, training off, as a traced function."""
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
    specs = [tf.TensorSpec(t.shape, t.dtype, _word(t.name)) for t in model.inputs]
    if not specs:
        raise FreezeError(f"{path} was never built: its input is not known", "build it")

    @tf.function(autograph=False)
    def forward(*inputs):
        return model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)

    return forward.get_concrete_function(*specs)


def _word(name: str) -> str:
    return name.split(":")[0].replace("/", "_")


def _by_name(function):
    """The function on a dict of inputs, with a dict of outputs, by tensor name."""
    names = [t.name for t in function.inputs if t.dtype != tf.resource]

    def call(feeds):
        values = {name: tf.constant(feeds[name]) for name in names if name in feeds}
        answers = function(**{_argument(function, n): v for n, v in values.items()})
        values = [value.numpy() for value in tf.nest.flatten(answers)]
        return {t.name: v for t, v in zip(function.outputs, values, strict=True)}

    return call


def _argument(function, tensor_name: str) -> str:
    (spec,) = [
        spec
        for spec in tf.nest.flatten(function.structured_input_signature)
        if spec.name == tensor_name.split(":")[0]
    ]
    return spec.name
