"""Decides whether a graph may run in bfloat16: CPU support, and agreement with float32.

bfloat16 has the range of float32 and 8 bits of precision; a convolution takes about
half the time. Source: Kalamkar and others: A study of BFLOAT16 for deep learning
training, 2019.
"""

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

WITHIN = 0.02  # largest accepted difference of a probability
PROBES = 16


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AVX512-BF16 or AMX)."""
    if platform.system() != "Linux":
        return False
    flags = Path("/proc/cpuinfo").read_text().split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def predict_singly(run: Callable, images: np.ndarray) -> np.ndarray:
    """The answers of one run for each image, stacked: [N, 1, classes] of a classifier.

    Args:
      run: from uint8 [1, height, width, 3] to an array.
      images: uint8, shape [N, height, width, 3].
    """
    return np.stack([run(image[None]) for image in images])


def agree(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether no probability differs by more than WITHIN."""
    return bool(np.abs(some - others).max() <= WITHIN)


def probe_images(size: int | tuple[int, int], count: int = PROBES) -> np.ndarray:
    """Random blotches from coarse to fine, from a fixed seed.

    Args:
      size: height and width, or the side of a square.
    Returns:
      uint8, shape [count, height, width, 3].
    """
    height, width = (size, size) if isinstance(size, int) else size
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 256, (2 ** (1 + n % 5),) * 2 + (3,)) for n in range(count)]
    images = [Image.fromarray(grid.astype(np.uint8)) for grid in grids]
    smooth = Image.Resampling.BICUBIC
    return np.stack(
        [np.asarray(image.resize((width, height), smooth)) for image in images]
    )
