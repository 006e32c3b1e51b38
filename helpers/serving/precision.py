"""Whether a graph may run in bfloat16: on this CPU, and with answers that agree.

bfloat16 keeps float32's range and 8 bits of its precision, so a convolution costs
about half. Source: Kalamkar and others: A study of BFLOAT16 for deep learning
training, 2019.
"""

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

WITHIN = 0.02  # of a probability
PROBES = 16


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AVX512-BF16 or AMX)."""
    if platform.system() != "Linux":
        return False
    flags = Path("/proc/cpuinfo").read_text().split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def one_by_one(run: Callable, images: np.ndarray) -> np.ndarray:
    """What a network says of each image alone, shape [N, 1, classes].

    Args:
      run: from uint8 [1, size, size, 3] to probabilities [1, classes].
      images: uint8, shape [N, size, size, 3].
    """
    return np.stack([run(image[None]) for image in images])


def agree(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether two ways to run a network give the same probabilities, within WITHIN."""
    return bool(np.abs(some - others).max() <= WITHIN)


def probes(size: int, count: int = PROBES) -> np.ndarray:
    """Blotches from coarse to fine, uint8 [count, size, size, 3]; always the same."""
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 256, (2 ** (1 + n % 5),) * 2 + (3,)) for n in range(count)]
    images = [Image.fromarray(grid.astype(np.uint8)) for grid in grids]
    smooth = Image.Resampling.BICUBIC
    return np.stack(
        [np.asarray(image.resize((size, size), smooth)) for image in images]
    )
