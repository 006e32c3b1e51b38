"""Micro-batching: one run of the network for all photos that wait at the same time.

Each request runs in a greenlet until it calls `predict`, and is suspended there. When
all requests are suspended, the network computes the batch, and each request resumes
with its own row. The weights are read from memory once for the whole batch.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from greenlet import getcurrent, greenlet

from webapp.serving.all_outputs import photo_outputs

# A function of a model and images, and its model; the same for all of a batch.
Run = tuple[Callable[[Any, np.ndarray], Any], Any]


class Predicted(NamedTuple):
    """What a model answers for one photo, and the start and end of its run."""

    row: Any  # shape [classes]; of `predict_outputs`, an array for each output
    began: float  # by `perf_counter`
    ended: float


class _Waiting(NamedTuple):
    """A suspended request, the image that it waits for, and what computes it."""

    request: greenlet
    run: Run
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
        run = waiting[0].run
        batch = [request for request in waiting if request.run == run]
        waiting = [request for request in waiting if request.run != run]
        waiting += _answer_batch(run, batch)
    return len(begun)


def predict(model, image: np.ndarray) -> Predicted:
    """The model's probabilities for one image, computed with those of its batch.

    Args:
      model: a FrozenModel, or any object with its `predict`.
      image: what the model's `decode` returns: uint8 RGB, shape [height, width, 3].
    Raises:
      Exception: what the model raises for this image, NonFiniteAnswer for instance.
    """
    return _compute_with_others((_rows, model), image)


def predict_outputs(model, image: np.ndarray) -> Predicted:
    """Each output of the model for one image, by name; else as `predict`."""
    return _compute_with_others((photo_outputs, model), image)


def _compute_with_others(run: Run, image: np.ndarray) -> Predicted:
    request = getcurrent()
    if isinstance(request, _Request):
        return request.parent.switch(_Waiting(request, run, image))
    (only,) = _compute(run, [image])
    if isinstance(only, Exception):
        raise only
    return only


def _answer_batch(run: Run, batch: list[_Waiting]) -> list[_Waiting]:
    """Resume each request with its row; returns those that call `predict` again."""
    again = []
    found = _compute(run, [waiting.image for waiting in batch])
    for waiting, answer in zip(batch, found, strict=True):
        is_error = isinstance(answer, Exception)
        request = waiting.request
        again += _resume(request.throw if is_error else request.switch, answer)
    return again


def _resume(switch: Callable, *given) -> list[_Waiting]:
    """Resume a request; returns it in a list if it calls `predict`, else []."""
    waiting = switch(*given)
    return [waiting] if isinstance(waiting, _Waiting) else []


def _compute(run: Run, images: list[np.ndarray]) -> list[Predicted | Exception]:
    """The row of each image; the error instead, for an image that the model refuses."""
    began = perf_counter()
    compute, model = run
    try:
        rows = compute(model, np.stack(images))
    except Exception as error:
        if len(images) == 1:
            return [error]
        return [answer for image in images for answer in _compute(run, [image])]
    ended = perf_counter()
    if isinstance(rows, dict):
        names = list(rows)
        rows = [
            dict(zip(names, row, strict=True))
            for row in zip(*rows.values(), strict=True)
        ]
    return [Predicted(row, began, ended) for row in rows]


def _rows(model, images: np.ndarray) -> np.ndarray:
    return model.predict(images)
