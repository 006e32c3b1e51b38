"""An example request to the REST API for a model that takes no photos."""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

from helpers.graphs.tensor_text import sizes_of, type_text

MOST_NUMBERS = 12  # that are written out; a larger input is made by NumPy
OPEN = 1  # the size of an axis that may have any


def example_request(model, address: str) -> str:
    """A request for one instance: a command of curl, or Python for large inputs.

    Args:
      address: the URL of the model's `:predict`.
    """
    inputs = model.inputs
    if sum(prod(_sizes(tensor)) for tensor in inputs.values()) > MOST_NUMBERS:
        return _in_python(inputs, address)
    is_row = all(tensor.shape.rank != 0 for tensor in inputs.values())
    values: Any = {
        key: _nested(_value(tensor), _sizes(tensor)[is_row:])
        for key, tensor in inputs.items()
    }
    if len(values) == 1:
        (values,) = values.values()
    body = {"instances": [values]} if is_row else {"inputs": values}
    return f"curl -s -d '{json.dumps(body)}' {address}"


def takes_sentence(model) -> str:
    """What the model takes instead of photos, as one sentence."""
    inputs = " and ".join(
        f"{key} ({type_text(tensor)})" for key, tensor in model.inputs.items()
    )
    return f"It takes no photos, but {inputs}: send JSON to the API"


def _in_python(inputs: Mapping[str, Any], address: str) -> str:
    arrays = ", ".join(
        f'"{key}": np.full({_sizes(tensor)}, {_value(tensor)!r}).tolist()'
        for key, tensor in inputs.items()
    )
    return (
        "import numpy as np, requests\n"
        f"inputs = {{{arrays}}}\n"
        f'answer = requests.post("{address}", json={{"inputs": inputs}})\n'
        "print(answer.json())"
    )


def _sizes(tensor: Any) -> list[int]:
    """The shape of an input, with OPEN where an axis may have any size."""
    return [size or OPEN for size in sizes_of(tensor.shape) or []]


def _value(tensor: Any) -> object:
    dtype = tensor.dtype.base_dtype
    if dtype.name == "string":
        return "text"
    return False if dtype.is_bool else 0 if dtype.is_integer else 0.5


def _nested(value: object, sizes: list[int]) -> object:
    for size in reversed(sizes):
        value = [value] * size
    return value
