"""Runs a network for all of its outputs: with photos, or with its own inputs.

The first output is what the model's `predict` answers, probabilities if it has classes;
the others are the network's own numbers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest

from helpers.serving.non_finite import finite

IMAGES = "images:0"  # the placeholder for photos, in each served graph
Outputs = dict[str, np.ndarray]


def photo_outputs(model, images: np.ndarray) -> Outputs:
    """Every output for decoded photos, by name; the first axis of each is that of N.

    Args:
      images: what the model's `decode` returns, stacked.
    Raises:
      NonFiniteAnswer: an output has a NaN or an infinity.
    """
    placeholder = model.graph.get_tensor_by_name(IMAGES)
    return _outputs(model, placeholder, images)


def input_outputs(model, values: np.ndarray) -> Outputs:
    """The same for values of the one input of a network that takes photos."""
    return _outputs(model, model.x, values)


def _outputs(model, tensor: Any, values: np.ndarray) -> Outputs:
    if len(values) > 1 and model.image_shape and model.takes_batches:
        found = _run(model, {tensor: values})
        if all(np.ndim(a) and len(a) == len(values) for a in found.values()):
            return found
    is_scalar = tensor.shape.rank == 0  # the network takes one photo at a time
    single = [
        _run(model, {tensor: value if is_scalar else value[None]})
        for value in (values if not is_scalar else values.tolist())
    ]
    try:
        return {
            name: np.stack([_only(one[name]) for one in single]) for name in single[0]
        }
    except ValueError as error:
        raise BadRequest(
            "the network's answers have different shapes: send one photo at a time"
        ) from error


def _run(model, feeds: Mapping[Any, Any]) -> Outputs:
    names = list(model.outputs)
    tensors = [model.y_pred, *[*model.outputs.values()][1:]]
    found = model.session.run(tensors, feeds)
    return {
        name: finite(np.asarray(array))
        for name, array in zip(names, found, strict=True)
    }


def _only(array: np.ndarray) -> np.ndarray:
    """The answer for one photo, without the axis of the batch where it has one."""
    return array[0] if array.ndim and len(array) == 1 else array
