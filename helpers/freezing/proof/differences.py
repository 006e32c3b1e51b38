"""How much the answers of two graphs differ."""

from collections.abc import Iterable

import numpy as np


def magnitude(values) -> float:
    values = np.asarray(values)
    if values.dtype.kind != "f" or not values.size:
        return 0.0
    return float(
        np.abs(np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)).max()
    )


def difference(ours: Iterable, theirs: Iterable) -> float:
    """The largest difference of any element; infinite where shapes or texts differ."""
    return max(map(_difference, ours, theirs), default=0.0)


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


def changed_labels(ours: list, theirs: list) -> int:
    """In how many rows the likeliest class is another one."""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(ours, theirs, strict=True)]
    return sum(
        int((a.argmax(-1) != b.argmax(-1)).sum())
        for a, b in pairs
        if a.shape == b.shape and a.ndim > 1 and a.size and a.dtype.kind == "f"
    )
