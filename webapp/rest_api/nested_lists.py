"""Nested lists of JSON as arrays of Python's objects."""

from typing import Any

import numpy as np

MOST_AXES = 32  # of an array that NumPy iterates over


def nested(value: Any) -> np.ndarray:
    """Nested lists as an array of objects.

    Raises:
      ValueError: they are too deep, or their lengths differ.
    """
    try:
        objects = np.asarray(value, object)
    except ValueError as error:
        raise ValueError("lists of different lengths") from error
    if objects.ndim > MOST_AXES:
        raise ValueError(f"lists in more than {MOST_AXES} lists")
    return objects
