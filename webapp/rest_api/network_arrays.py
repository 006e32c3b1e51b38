"""JSON values as arrays of the dtype and the shape of a network's own input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest

from helpers.graphs.tensor_text import sizes_of, sizes_text
from webapp.rest_api.nested_lists import nested
from webapp.rest_api.tensors import bytes_in

TEXT = 'a string is a text, or {"b64": its bytes in base64}'
Shape = list[int | None] | None  # None where the rank is not known


def instance_shape(tensor: Any) -> Shape:
    """The shape of one instance; None where the rank is not known."""
    sizes = sizes_of(tensor.shape)
    return None if sizes is None else sizes[1:]


def to_array(value: Any, tensor: Any, shape: Shape) -> np.ndarray:
    """A JSON value as an array of the tensor's dtype and of this shape.

    Raises:
      BadRequest: it has another type or shape.
    """
    name, dtype = tensor.op.name, tensor.dtype.base_dtype
    takes = f"the input {name} takes {dtype.name} {sizes_text(shape)}"
    try:
        objects = nested(value)
    except ValueError as error:
        raise BadRequest(f"{takes}: {error} came") from error
    array = strings(objects) if dtype.name == "string" else None
    if array is None:
        array = typed(objects, np.dtype(dtype.as_numpy_dtype), takes)
    if shape is not None and not fits(array.shape, shape):
        raise BadRequest(f"{takes}: a value of shape {[*array.shape]} came")
    return array


def fits(found: Sequence[int], shape: list[int | None]) -> bool:
    """Whether an array of these sizes has the shape, where None is any size."""
    return len(found) == len(shape) and all(
        wanted in (None, size) for size, wanted in zip(found, shape, strict=True)
    )


def strings(objects: np.ndarray) -> np.ndarray:
    """Texts and {"b64": ...} as an array of bytes."""
    found = [
        value.encode("utf-8", "surrogatepass")
        if isinstance(value, str)
        else bytes_in(value, TEXT)
        for value in objects.flat
    ]
    return np.array(found, object).reshape(objects.shape)


def typed(objects: np.ndarray, dtype: np.dtype, takes: str) -> np.ndarray:
    """Numbers or booleans in the dtype, if each of them is one of its values."""
    kinds = {type(value) for value in objects.flat}
    if dtype.kind in "iu" and float in kinds:
        objects = _with_whole_decimals(objects)
        kinds = {type(value) for value in objects.flat}
    is_float = dtype.kind not in "iub"
    allowed = {bool} if dtype.kind == "b" else {int, float} if is_float else {int}
    if odd := kinds - allowed:
        names = {dict: "an object", str: "text", float: "a decimal", bool: "a boolean"}
        names |= {list: "lists of different lengths", int: "a number"}
        came = names.get(min(odd, key=str), "null")
        raise BadRequest(f"JSON Value is not of expected type: {takes}: {came} came")
    try:
        with np.errstate(over="raise"):
            exact = objects.astype(float if is_float else object)
            if dtype.kind in "iu" and exact.size:
                limits = np.iinfo(dtype)
                if not limits.min <= exact.min() <= exact.max() <= limits.max:
                    raise OverflowError
            return exact.astype(dtype)
    except (OverflowError, FloatingPointError) as error:
        raise BadRequest(
            f"JSON Value is not of expected type: {takes}: a number beyond it came"
        ) from error


def _with_whole_decimals(objects: np.ndarray) -> np.ndarray:
    """The values with 1.0 as 1: how JSON spells a number does not matter."""
    found = np.empty(objects.size, object)
    for place, value in enumerate(objects.flat):
        is_whole = type(value) is float and value.is_integer()
        found[place] = int(value) if is_whole else value
    return found.reshape(objects.shape)
