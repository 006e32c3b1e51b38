"""Checks arrays that are fed to a network's own inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from helpers.graphs.tensor_text import type_text


def checked_feeds(
    feeds: Mapping[str, Any], inputs: Mapping[str, tf.Tensor]
) -> dict[tf.Tensor, np.ndarray]:
    """The arrays by tensor, in the inputs' types.

    Args:
      feeds: arrays or nested lists, by the name of the input, with or without `:0`.
    Raises:
      ValueError: an input is missing or unknown, or has another shape or type.
    """
    by_name = {name.removesuffix(":0"): value for name, value in feeds.items()}
    if by_name.keys() != inputs.keys():
        absent, odd = inputs.keys() - by_name.keys(), by_name.keys() - inputs.keys()
        what = f"{min(odd)!r} is none of them" if odd else f"{min(absent)!r} is missing"
        raise ValueError(f"the network's inputs are {', '.join(inputs)}: {what}")
    return {
        inputs[name]: _array(name, value, inputs[name])
        for name, value in by_name.items()
    }


def _array(name: str, value: Any, tensor: tf.Tensor) -> np.ndarray:
    wanted = f"input {name} takes {type_text(tensor)}"
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{wanted}: lists of different lengths came") from error
    if not tensor.shape.is_compatible_with(array.shape):
        raise ValueError(f"{wanted}: an array of shape {[*array.shape]} came")
    dtype = tensor.dtype.base_dtype.as_numpy_dtype
    if tensor.dtype.base_dtype == tf.string:
        if array.dtype.kind not in "SUO":
            raise ValueError(f"{wanted}: {array.dtype} came")
        return array.astype(object)
    if array.dtype.kind not in "fiub" and array.dtype != dtype:
        raise ValueError(f"{wanted}: {array.dtype} came")
    with np.errstate(all="ignore"):
        made = array.astype(dtype, copy=False)
        is_whole = tensor.dtype.is_integer or tensor.dtype.is_bool
        if is_whole and np.any(made != array):
            raise ValueError(f"{wanted}: other numbers came")
    return made
