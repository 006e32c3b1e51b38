"""Runs a network on one photo at a time, and compares its answers for a batch."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from helpers.serving.precision import agree, predict_singly, probe_images


def answer_singly(run: Callable, images: np.ndarray) -> np.ndarray:
    """The answers of one run per image; the first axis is N, and none is a batch's."""
    found = predict_singly(run, images)
    return found[:, 0] if found.shape[1:2] == (1,) else found


def answers_batches(run: Callable, sizes: tuple[int, int], *, is_values: bool) -> bool:
    """Whether a batch gets the same answers as its photos one at a time.

    Args:
      run: from uint8 [N, height, width, 3] to the answers.
      sizes: height and width of a photo.
      is_values: whether the answers are other numbers than probabilities.
    """
    images = probe_images(sizes, 2)
    try:
        alone, together = answer_singly(run, images), run(images)
    except (tf.errors.OpError, ValueError):
        return False
    if together.shape != alone.shape:
        return False
    if not is_values:
        return agree(together, alone)
    if together.dtype.kind not in "fc":
        return np.array_equal(together, alone)
    small = 1e-4 * float(np.nanmax(np.abs(together), initial=0))
    return np.allclose(together, alone, rtol=1e-3, atol=small, equal_nan=True)
