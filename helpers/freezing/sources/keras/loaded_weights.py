"""Compare the weights of a loaded model with the arrays in its file."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


def differences(model: Any, saved: Iterable[np.ndarray]) -> str | None:
    """How the values in the model differ from those in its file; None if they do not.

    Arrays are compared as sets of values: loading may transpose a kernel. Only floats
    count: seeds, counters and vocabularies are not in every format.
    """
    stored = [array for array in saved if array.dtype.kind == "f"]
    loaded = _floats(model.weights)
    there, here = _count(stored), _count(loaded)
    known = {*here, *_count(_floats(_other_variables(model)))}
    # A file may hold the weights of one layer twice: under two layers that share it.
    missing = Counter({key: n for key, n in (there - here).items() if key not in known})
    more = here - there
    if not missing and not more:
        return None
    if not missing:
        return f"{sum(more.values())} of the loaded model's arrays are not in the file"
    sizes = sum(array.size for array in stored), sum(array.size for array in loaded)
    return (
        f"{sum(missing.values())} of the file's {len(stored)} arrays have other values "
        f"in the loaded model ({sizes[0]:,} saved numbers, {sizes[1]:,} loaded)"
    )


def _other_variables(model: Any) -> Iterator[tf.Variable]:
    """Variables of the layers, which lookup layers of Keras 3 do not call weights."""
    for layer in model._flatten_layers():
        for value in vars(layer).values():
            if isinstance(value, tf.Variable):
                yield value


def _floats(weights: Iterable[Any]) -> list[np.ndarray]:
    """The values of those that are floats, each once."""
    found = {}
    for weight in weights:
        if "float" in str(getattr(weight, "dtype", "")):
            found[id(weight)] = np.asarray(weight.numpy())
    return list(found.values())


def _count(arrays: Iterable[np.ndarray]) -> Counter:
    """The number of arrays with the same values, whatever their order."""
    return Counter(_digest(array) for array in arrays)


def _digest(array: np.ndarray) -> bytes:
    values = np.sort(np.asarray(array, np.float32), axis=None)
    return hashlib.sha256(values.tobytes()).digest()
