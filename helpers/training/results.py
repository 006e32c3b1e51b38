"""What a training says of its data and of its results, as text."""

from collections.abc import Sequence

import numpy as np

from helpers.data.photos import Examples
from helpers.data.split_folders import SPLITS

IMBALANCE = 1.5  # the ratio of class sizes above which it is said
MOST_COLUMNS = 12  # classes in a confusion matrix that is printed whole


def majority(photos: Examples) -> tuple[str, float]:
    """The most frequent class, and its share of the examples, 0 to 1."""
    counts = photos.counts()
    label = int(counts.argmax())
    return photos.class_names[label], float(counts[label] / counts.sum())


def notes_on(photos: Examples) -> list[str]:
    """Sentences on an imbalance of the classes, and on classes without tests."""
    counts = photos.counts()
    notes = []
    if counts.max() > IMBALANCE * counts.min():
        name, share = majority(photos)
        least = photos.class_names[int(counts.argmin())]
        notes.append(
            f"the classes are imbalanced: {counts.max():,} {name}, {counts.min():,} "
            f"{least}; always answering {name} would be right for {share:.1%}"
        )
    for split in SPLITS[1:]:
        missing = np.flatnonzero(photos.of(split).counts() == 0)
        if len(missing):
            names = ", ".join(photos.class_names[label] for label in missing)
            notes.append(f"no photo of {names} is for {split}")
    return notes


def describe_result(name: str, result: dict) -> str:
    """One result of the evaluation as text; leaves out the shares it does not have."""
    words = {"accuracy": "right", "not_sure": "not sure"}
    shares = [f"{result[key]:.1%} {words[key]}" for key in words if key in result]
    return f"{result['count']:,} {name}: {', '.join(shares)}"


def confusion_table(names: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """The confusion matrix, or for many classes the line of each class.

    Args:
      confusion: counts; row = true class, column = predicted class.
    """
    counts = np.array(confusion)
    totals = counts.sum(axis=1)
    right = counts.diagonal() / np.maximum(totals, 1)
    shares = [
        f"{share:.1%}" if n else "-" for share, n in zip(right, totals, strict=True)
    ]
    if len(names) > MOST_COLUMNS:
        rows = [["true class", "photos", "right", "most often taken for"]]
        for label, name in enumerate(names):
            wrong = counts[label].copy()
            wrong[label] = 0
            other = names[int(wrong.argmax())] if wrong.any() else "-"
            rows.append([name, f"{totals[label]:,}", shares[label], other])
    else:
        rows = [["true class", *(f"answer {name}" for name in names), "right"]]
        for label, name in enumerate(names):
            rows.append([name, *(f"{n:,}" for n in counts[label]), shares[label]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
