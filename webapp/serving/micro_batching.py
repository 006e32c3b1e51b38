"""Micro-batching: one run of the network for all photos that wait at the same time.

Each request runs in a greenlet until it calls `predict`, and is suspended there. When
all requests are suspended, the network computes the batch, and each request resumes
with its own row. The weights are read from memory once for the whole batch.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from time import perf_counter
from typing import NamedTuple

import numpy as np
from greenlet import getcurrent, greenlet


class Predicted(NamedTuple):
    """The probabilities of one photo, and the start and end of the network's run."""

    row: np.ndarray  # probabilities, shape [classes]
    began: float  # by `perf_counter`
    ended: float


class _Waiting(NamedTuple):
    """A suspended request and the image that it waits for."""

    request: greenlet
    model: object  # a helpers.serving.frozen_model.FrozenModel
    image: np.ndarray


class _Request(greenlet):
    """The greenlet of a request that `run_batch` has started."""


def run_batch(requests: Iterable[Callable[[], None]]) -> int:
    """Run the requests to their end, and their `predict` calls in batches.

    Returns:
      the number of requests.
    """
    begun = [_resume(_Request(request).switch) for request in requests]
    waiting = list(chain.from_iterable(begun))
    while waiting:
        model = waiting[0].model
        batch = [request for request in waiting if request.model is model]
        waiting = [request for request in waiting if request.model is not model]
        waiting += _answer_batch(model, batch)
    return len(begun)


def predict(model, image: np.ndarray) -> Predicted:
    """The model's probabilities for one image, computed with those of its batch.

    Args:
      image: uint8 RGB, shape [size, size, 3].
    Raises:
      Exception: what the model raises, in each request of the batch.
    """
    request = getcurrent()
    if isinstance(request, _Request):
        return request.parent.switch(_Waiting(request, model, image))
    (only,) = _compute(model, [image])
    return only


def _answer_batch(model, batch: list[_Waiting]) -> list[_Waiting]:
    """Resume each request with its row; returns those that call `predict` again."""
    again = []
    try:
        found = _compute(model, [waiting.image for waiting in batch])
    except Exception as error:
        for waiting in batch:
            again += _resume(waiting.request.throw, error)
        return again
    for waiting, predicted in zip(batch, found, strict=True):
        again += _resume(waiting.request.switch, predicted)
    return again


def _resume(switch: Callable, *given) -> list[_Waiting]:
    """Resume a request; returns it in a list if it calls `predict`, else []."""
    waiting = switch(*given)
    return [waiting] if isinstance(waiting, _Waiting) else []


def _compute(model, images: list[np.ndarray]) -> list[Predicted]:
    began = perf_counter()
    rows = model.predict(np.stack(images))
    ended = perf_counter()
    return [Predicted(row, began, ended) for row in rows]
