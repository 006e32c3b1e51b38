"""Photos that wait together go through the network together.

Each request runs in a greenlet, a thread of Python's own that gives way only where it
says so: here, where it needs the network. The next one runs as far; then the network
computes them all at once. Its weights are read once for all of them, and so is Python's
own code, which the network has pushed out of the processor's caches.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from time import perf_counter
from typing import NamedTuple

import numpy as np
from greenlet import getcurrent, greenlet


class Predicted(NamedTuple):
    """What the network says of one photo, and when it computed, by `perf_counter`."""

    row: np.ndarray  # probabilities, shape [classes]
    began: float
    ended: float


class _Asked(NamedTuple):
    """A request that has come to the network."""

    request: greenlet
    model: object  # a helpers.serving.frozen_model.FrozenModel
    image: np.ndarray


class _Request(greenlet):
    """One that `together` has begun."""


def run_batch(requests: Iterable[Callable[[], None]]) -> int:
    """Runs them to their end, and what they `predict` in as few batches as can be.

    Returns:
      how many there were.
    """
    begun = [_goes_on(_Request(request).switch) for request in requests]
    waiting = list(chain.from_iterable(begun))
    while waiting:
        model = waiting[0].model
        batch = [asked for asked in waiting if asked.model is model]
        waiting = [asked for asked in waiting if asked.model is not model]
        waiting += _answered(model, batch)
    return len(begun)


def predict(model, image: np.ndarray) -> Predicted:
    """The model's answer for one image, with those of the others that came together.

    Args:
      image: uint8 RGB, shape [size, size, 3].
    Raises:
      Exception: what the model raises, for each of them.
    """
    request = getcurrent()
    if isinstance(request, _Request):
        return request.parent.switch(_Asked(request, model, image))
    (only,) = _computed(model, [image])
    return only


def _answered(model, batch: list[_Asked]) -> list[_Asked]:
    """Gives each what the model says of it; those that then ask again."""
    again = []
    try:
        found = _computed(model, [asked.image for asked in batch])
    except Exception as error:
        for asked in batch:
            again += _goes_on(asked.request.throw, error)
        return again
    for asked, predicted in zip(batch, found, strict=True):
        again += _goes_on(asked.request.switch, predicted)
    return again


def _goes_on(go_on: Callable, *given) -> list[_Asked]:
    """Lets a request go on until it is over, or asks: a list of nothing, or of that."""
    asked = go_on(*given)
    return [asked] if isinstance(asked, _Asked) else []


def _computed(model, images: list[np.ndarray]) -> list[Predicted]:
    began = perf_counter()
    rows = model.predict(np.stack(images))
    ended = perf_counter()
    return [Predicted(row, began, ended) for row in rows]
