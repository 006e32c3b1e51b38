"""NonFiniteAnswer: what the web app answers with 502. No TensorFlow is imported."""

import numpy as np


class NonFiniteAnswer(ArithmeticError):
    """A network answers NaN or an infinite number."""


def finite(rows: np.ndarray) -> np.ndarray:
    """The rows, if every number in them is finite.

    Raises:
      NonFiniteAnswer: one is not.
    """
    is_float = rows.dtype.kind in "fc" or rows.dtype.name.startswith("bfloat")
    if is_float and not np.isfinite(rows).all():
        raise NonFiniteAnswer(
            "the network answers with numbers that are not finite (NaN or infinite) "
            "for this input: it may be damaged, or the input outside of what it was "
            "trained for; try another photo, or check how the card says pixels are "
            "scaled"
        )
    return rows
