"""What the exercises of the notebooks use: errors as values, and answers compared.

An exercise's answer is `...` until the reader has given one.
"""

from collections.abc import Callable

import numpy as np


def caught(function: Callable, *arguments: object, **named: object) -> Exception | None:
    """The error that a call raises; None if it raises none."""
    try:
        function(*arguments, **named)
    except Exception as error:
        return error
    return None


def is_close(answer: object, expected: np.ndarray, atol: float = 0.005) -> bool:
    """Whether an answer has the shape of an array, and its numbers within `atol`.

    Never raises: what is no array of numbers is not close.
    """
    try:
        found = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return False
    same_shape = found.shape == np.shape(expected)
    return same_shape and np.allclose(found, expected, rtol=0, atol=atol)


def verdict(*answers: object) -> str:
    """How many answers are given; for the end of a cell that has asserted each."""
    given = sum(answer is not ... for answer in answers)
    if not given:
        return "no answer given yet"
    return f"{given} of {len(answers)} answers given, and right"
