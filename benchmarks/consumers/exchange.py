"""Runs a consumer on one model: arrays in and out as .npz files.

Each script in this folder is run by the Python of its own virtual environment:

    python run_CONSUMER.py MODEL.pb FEEDS.npz OUTPUT[,OUTPUT] ANSWERS.npz

The arrays have the names of tensors. Images are [N, H, W, C].
"""

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Feeds = Mapping[str, np.ndarray]
Run = Callable[[str, Feeds, Sequence[str]], Sequence[np.ndarray]]


def main(run: Run) -> None:
    """Call `run` with the model's path, its feeds and the names of its outputs.

    Where it raises an exception, the array `refusal` is its message.
    """
    model, feeds, outputs, answers = sys.argv[1:]
    names = outputs.split(",")
    with np.load(feeds) as file:
        arrays = dict(file)
    try:
        found = run(model, arrays, names)
    except Exception as error:  # the consumers document no exceptions
        np.savez(answers, refusal=f"{type(error).__name__}: {error}")
        return
    np.savez(answers, **dict(zip(names, map(np.asarray, found), strict=True)))


def without_index(name: str) -> str:
    """The name of an op, from the name of its first output."""
    return name.removesuffix(":0")
