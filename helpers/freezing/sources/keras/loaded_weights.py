"""Compare the weights of a loaded model with the arrays in its file."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np


def differences(model: Any, saved: Iterable[np.ndarray]) -> str | None:
    """How the values in the model differ from those in its file; None if they do not.

    Arrays are compared as sets of values: loading may transpose a kernel. Only floats
    count: seeds, counters and vocabularies are not in every format.
    """
    stored = [array for array in saved if array.dtype.kind == "f"]
    loaded = [np.asarray(weight) for weight in _floats(model)]
    there, here = _count(stored), _count(loaded)
    # A file may hold the weights of one layer twice: under two layers that share it.
    missing = Counter({key: n for key, n in (there - here).items() if key not in here})
    more = here - there
    if not missing and not more:
        return None
    sizes = sum(array.size for array in stored), sum(array.size for array in loaded)
    return (
        f"{sum(missing.values())} of the file's {len(stored)} arrays have other values "
        f"in the loaded model ({sizes[0]:,} saved numbers, {sizes[1]:,} loaded)"
    )


def _floats(model: Any) -> list[np.ndarray]:
    """The model's float weights, each once."""
    found = {}
    for weight in model.weights:
        if "float" in str(getattr(weight, "dtype", "")):
            found[id(weight)] = np.asarray(weight.numpy())
    return list(found.values())


def _count(arrays: Iterable[np.ndarray]) -> Counter:
    """The number of arrays with the same values, whatever their order."""
    return Counter(_digest(array) for array in arrays)


def _digest(array: np.ndarray) -> bytes:
    values = np.sort(np.asarray(array, np.float32), axis=None)
    return hashlib.sha256(values.tobytes()).digest()
