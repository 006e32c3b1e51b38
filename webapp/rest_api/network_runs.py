"""Runs a network that takes no photos on the values of a request."""

import numpy as np
from werkzeug.exceptions import BadRequest

from helpers.serving.non_finite import finite
from webapp.rest_api.network_requests import NetworkRequest
from webapp.serving.all_outputs import Outputs


def run_network(model, asked: NetworkRequest) -> tuple[Outputs, int | None]:
    """All outputs of the network, its own numbers, and the number of instances."""
    try:
        found = [model.run(feeds) for feeds in asked.feeds]
    except ValueError as error:
        raise BadRequest(str(error)) from error
    joined = {name: _joined([one[name] for one in found], asked) for name in found[0]}
    return joined, asked.instances


def run_first(model, asked: NetworkRequest) -> np.ndarray:
    """The first output for each instance: probabilities if the model has classes."""
    rows = []
    for feeds in asked.feeds:
        fed = {model.inputs[name]: array for name, array in feeds.items()}
        rows.append(finite(np.asarray(model.session.run(model.y_pred, fed))))
    return _joined(rows, asked)


def _joined(arrays: list[np.ndarray], asked: NetworkRequest) -> np.ndarray:
    """The answers of all runs along the axis of the batch."""
    if len(arrays) == 1 and asked.is_batched:
        return np.asarray(arrays[0])
    has_axis = all(np.ndim(array) for array in arrays)
    try:
        if asked.is_batched and has_axis:
            return np.concatenate(arrays)
        singles = [a[0] if np.ndim(a) and len(a) == 1 else a for a in arrays]
        return np.stack(singles)
    except ValueError as error:
        raise BadRequest(
            "the network's answers have different shapes: send one instance at a time"
        ) from error
