"""Matches the inputs of two graphs that have other names for them."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.graphs.op_registry import attribute

REQUIRED = ("Placeholder", "PlaceholderV2")  # without a default value


def required_inputs(graph_def: tf1.GraphDef) -> dict[str, tf.TensorSpec]:
    """The type and shape of each placeholder without a default, by op name."""
    return {
        node.name: tf.TensorSpec(_shape(node), node.attr["dtype"].type)
        for node in graph_def.node
        if node.op in REQUIRED
    }


def _shape(node) -> tf.TensorShape:
    """The stated shape; unknown where none is, or a scalar's (the default)."""
    shape = tf.TensorShape(attribute(node, "shape").shape)
    return shape if shape.rank else tf.TensorShape(None)


def match_inputs(
    wanted: Mapping[str, tf.TensorSpec], found: Mapping[str, tf.TensorSpec]
) -> dict[str, str]:
    """The names in `found` of the inputs in `wanted` that it has under other names.

    An input of the same type and a compatible shape is taken if there is only one.

    Raises:
      FreezeError: there is none, or several fit.
    """
    absent = {name: spec for name, spec in wanted.items() if name not in found}
    free = {name: spec for name, spec in found.items() if name not in wanted}
    matched = {}
    for name, spec in absent.items():
        fitting = [other for other in free if _fits(spec, free[other])]
        rivals = [other for other in absent if _fits(absent[other], spec)]
        if len(fitting) != 1 or len(rivals) != 1:
            raise FreezeError(
                f"the frozen graph takes {_listed(absent)}, and the checkpoint's graph "
                f"{_listed(free) or 'no other input'}: which is which is not clear",
                "freeze it again from this checkpoint: then both have the same names",
            )
        matched[name] = fitting[0]
    return matched


def _fits(one: tf.TensorSpec, other: tf.TensorSpec) -> bool:
    return one.dtype == other.dtype and one.shape.is_compatible_with(other.shape)


def _listed(inputs: Mapping[str, tf.TensorSpec]) -> str:
    return ", ".join(
        f"{name} ({spec.dtype.name}{_sizes(spec.shape)})"
        for name, spec in inputs.items()
    )


def _sizes(shape: tf.TensorShape) -> str:
    if shape.rank is None:
        return ""
    return f" [{', '.join('N' if n is None else str(n) for n in shape)}]"
