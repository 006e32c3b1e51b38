"""Compare the outputs of two graphs: the largest difference and a verdict."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Proof(NamedTuple):
    """How the outputs of a frozen graph compare with those of its source."""

    verdict: str  # "exact", "close", "different" or "unproven"
    largest: float  # absolute difference of any element
    note: str  # how both graphs were run, or why they could not be
    labels_changed: int = 0  # rows whose likeliest class differs
    inputs: Mapping[str, list[int]] = {}  # shape of each input, by tensor name

    def __str__(self) -> str:
        if self.verdict == "unproven":
            return f"unproven: {self.note}"
        return f"{self.verdict}, largest difference {self.largest:g} ({self.note})"


def compare(
    expected: Sequence,
    found: Sequence,
    feeds: Mapping[str, Any],
    note: str,
    *,
    tolerance: float,
) -> Proof:
    """Compare the source's outputs with those of the frozen graph.

    Args:
      feeds: the inputs of both, by tensor name.
      tolerance: the largest difference that is called close, as a share of the largest
        magnitude in `expected`, or of 1 if that is smaller.
    """
    largest = largest_difference(expected, found)
    if largest == 0:
        verdict = "exact"
    elif largest <= tolerance * max(1.0, *map(_magnitude, expected)):
        verdict = "close"
    else:
        verdict = "different"
    shapes = {name: list(np.shape(value)) for name, value in feeds.items()}
    return Proof(verdict, largest, note, _changed_labels(expected, found), shapes)


def largest_difference(expected: Sequence, found: Sequence) -> float:
    """The largest absolute difference of any element, over pairs of arrays.

    Two NaNs are equal. Infinite where shapes, dtypes, texts or bools differ.
    """
    return max(map(_difference, expected, found), default=0.0)


def _difference(a, b) -> float:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    same = a == b
    if not np.all(same) and np.issubdtype(a.dtype, np.inexact):
        same |= np.isnan(a) & np.isnan(b)
    if np.all(same):
        return 0.0
    if not np.issubdtype(a.dtype, np.number):
        return float("inf")
    wide = np.complex128 if np.iscomplexobj(a) else np.float64
    largest = np.abs(a[~same].astype(wide) - b[~same].astype(wide)).max()
    return float(largest) if np.isfinite(largest) else float("inf")


def _magnitude(values) -> float:
    """The largest absolute value of a floating-point array, infinities left out."""
    values = np.asarray(values)
    if values.dtype.kind != "f" or not values.size:
        return 0.0
    return float(np.abs(np.nan_to_num(values.astype(float), posinf=0, neginf=0)).max())


def _changed_labels(expected: Sequence, found: Sequence) -> int:
    """The number of rows whose likeliest class differs."""
    changed = 0
    for a, b in zip(map(np.asarray, expected), map(np.asarray, found), strict=True):
        if a.shape == b.shape and a.ndim > 1 and a.size and a.dtype.kind == "f":
            changed += int((a.argmax(-1) != b.argmax(-1)).sum())
    return changed
