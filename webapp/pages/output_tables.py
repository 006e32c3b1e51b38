"""The outputs of a model without classes, as tables of numbers for the page."""

from typing import NamedTuple

import numpy as np

from helpers.graphs.tensor_text import sizes_text

MOST_ROWS = 8  # of one output; an embedding has hundreds


class Table(NamedTuple):
    """The first values of one output, each with its place, as text."""

    name: str
    rows: list[tuple[str, str]]
    left_out: int
    shape: str


def output_tables(values: dict[str, np.ndarray]) -> list[Table]:
    """A table for each output."""
    return [_table(name, np.asarray(array)) for name, array in values.items()]


def headline(values: dict[str, np.ndarray]) -> str:
    """The number, if there is only one; else how many there are."""
    count = sum(np.size(array) for array in values.values())
    if count != 1:
        are_texts = any(np.asarray(a).dtype.kind in "OSU" for a in values.values())
        return f"{count:,} {'values' if are_texts else 'numbers'}"
    (only,) = (np.ravel(array)[0] for array in values.values())
    return value_text(only)


def value_text(value: object) -> str:
    """A number with six significant digits at most; a string as text."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")[:80]
    if isinstance(value, (np.bool_, np.integer, str)):
        return str(value)
    if isinstance(value, np.complexfloating):
        return f"{complex(value):.6g}"
    return f"{float(value):.6g}"  # type: ignore[arg-type]


def _table(name: str, array: np.ndarray) -> Table:
    places = np.ndindex(array.shape)
    shown = [
        (", ".join(map(str, place)), value_text(array[place]))
        for place, _ in zip(places, range(MOST_ROWS), strict=False)
    ]
    shape = sizes_text([*array.shape]) if array.ndim else ""
    return Table(name, shown, array.size - len(shown), shape)
