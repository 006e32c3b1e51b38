"""The values in a request for a network that takes no photos, by input name.

Each value is checked against the shape and the dtype of the network's own input. A
network whose batch size is fixed at 1, or that has no axis for a batch, is run once for
each instance.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from werkzeug.exceptions import BadRequest

from helpers.graphs.tensor_text import sizes_of
from webapp.rest_api.network_arrays import Shape, instance_shape, to_array
from webapp.rest_api.predict_requests import plain_name, values_in

Feeds = dict[str, np.ndarray]


class NetworkRequest(NamedTuple):
    """What a request feeds to the network's inputs."""

    feeds: list[Feeds]  # for one run, or for a run of each instance
    instances: int | None  # how many; None in the column format
    is_batched: bool = True  # whether the arrays have the axis of the batch


def network_request(request: dict, model, *, most: int) -> NetworkRequest:
    """The values under `instances` or `inputs` for the model's inputs.

    Args:
      most: instances that may come at once.
    Raises:
      BadRequest: they are not what the inputs take.
    """
    inputs = model.inputs
    values, is_row = values_in(request)
    if not is_row:
        return _column(_by_name(values, inputs, "'inputs'"), inputs, most)
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise BadRequest(f"'instances' must be a list of 1 to {most} values")
    rows = [_by_name(value, inputs, "each of the 'instances'") for value in values]
    return instances_request(rows, model)


def instances_request(rows: list[dict], model) -> NetworkRequest:
    """The values of each instance, which have no axis for the batch, by input name."""
    inputs = model.inputs
    arrays = [
        {
            name: to_array(row[name], tensor, instance_shape(tensor))
            for name, tensor in inputs.items()
        }
        for row in rows
    ]
    sizes = {batch_size(tensor) for tensor in inputs.values()}
    if sizes == {None}:
        return NetworkRequest([_stacked(arrays)], len(rows))
    if sizes == {0}:
        return NetworkRequest(arrays, len(rows), is_batched=False)
    if 0 in sizes:
        whole = [name for name, tensor in inputs.items() if batch_size(tensor) == 0]
        raise BadRequest(
            f"the input {whole[0]} is one value for all instances: use the column "
            'format, {"inputs": {...}}'
        )
    fixed = max(size for size in sizes if size is not None)
    if fixed == 1:
        return NetworkRequest([_stacked([row]) for row in arrays], len(rows))
    if len(rows) % fixed:
        raise BadRequest(
            f"the network takes {fixed} instances at once, and {len(rows)} came: send "
            f"a multiple of {fixed}"
        )
    starts = range(0, len(rows), fixed)
    feeds = [_stacked(arrays[start : start + fixed]) for start in starts]
    return NetworkRequest(feeds, len(rows))


def column_shape(tensor: Any) -> Shape:
    """The shape of an input's values in one request; None where the rank is not known.

    An input whose batch size is fixed at 1 takes any number of instances.
    """
    shape = sizes_of(tensor.shape)
    return [None, *(shape or [])[1:]] if batch_size(tensor) == 1 else shape


def _column(values: dict, inputs: Mapping[str, Any], most: int) -> NetworkRequest:
    arrays = {
        name: to_array(values[name], tensor, column_shape(tensor))
        for name, tensor in inputs.items()
    }
    return columns_request(arrays, inputs, most)


def columns_request(
    arrays: Feeds, inputs: Mapping[str, Any], most: int
) -> NetworkRequest:
    """Arrays with the axis of the batch, each of its input's `column_shape`.

    Raises:
      BadRequest: they have more instances than `most`, or different numbers of them.
    """
    splits = set()
    for name, tensor in inputs.items():
        array = arrays[name]
        if array.ndim and not 1 <= len(array) <= max(most, batch_size(tensor) or 0):
            raise BadRequest(f"{len(array)} instances came: send 1 to {most} at once")
        if batch_size(tensor) == 1:
            splits.add(len(array))
    if splits <= {1}:
        return NetworkRequest([arrays], None)
    batched = {len(arrays[name]) for name in inputs if batch_size(inputs[name]) != 0}
    if len(batched) > 1:
        raise BadRequest(f"inputs of {sorted(batched)} instances came: send as many")
    return NetworkRequest([*_singly(arrays, inputs, *batched)], None)


def _singly(arrays: Feeds, inputs: Mapping[str, Any], count: int) -> Iterator[Feeds]:
    for place in range(count):
        yield {
            name: array if batch_size(inputs[name]) == 0 else array[place : place + 1]
            for name, array in arrays.items()
        }


def _by_name(value: Any, inputs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The value of each input; a value without names is that of the only input."""
    if not isinstance(value, dict) or [*value] == ["b64"]:
        if len(inputs) == 1:
            return dict.fromkeys(inputs, value)
        raise BadRequest(f"{where} must be an object with: {', '.join(inputs)}")
    value = {plain_name(name): inner for name, inner in value.items()}
    if odd := value.keys() - inputs.keys():
        raise BadRequest(
            f"JSON object: does not have named input: {min(odd)[:80]}; it has "
            f"{', '.join(inputs)}"
        )
    if absent := inputs.keys() - value.keys():
        raise BadRequest(f"{where} must have the named input {min(absent)}")
    return value


def batch_size(tensor: Any) -> int | None:
    """The size of the first axis; None: any; 0: the input has no axes."""
    shape = tensor.shape
    if shape.rank is None:
        return None
    return shape.as_list()[0] if shape.rank else 0


def _stacked(arrays: list[Feeds]) -> Feeds:
    try:
        return {name: np.stack([row[name] for row in arrays]) for name in arrays[0]}
    except ValueError as error:
        raise BadRequest("the instances have different shapes") from error
