"""Converts the photos in TensorFlow Serving's JSON to tensors.

An instance is {"b64": a photo file}, or integers, which are pixels, or decimals, which
are values of the graph's own input.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from flask import current_app
from werkzeug.exceptions import BadRequest, GatewayTimeout

from webapp.requests.uploads import limits
from webapp.rest_api.signatures import PHOTOS

ROUNDING = 0.01  # tolerance of a range for values that a client has rounded
UNDERSTOOD = (
    'an instance is {"b64": the bytes of a photo in base64}, or nested lists of '
    "whole numbers from 0 to 255 or of decimals"
)
ENCODED = 'an instance is {"b64": the bytes of a photo in base64}'


def to_tensor(values: list, kind: str | None, model) -> tuple[np.ndarray, bool]:
    """What the model takes of these photos.

    Args:
      kind: one of signatures.photo_inputs; None: as the type of the values says.
    Returns:
      what the model's `decode` returns for a photo, stacked, and False; or values of
      the network's own input, and True.
    """
    preprocessing = model.preprocessing
    are_photos = [isinstance(value, dict) for value in values]
    if preprocessing is None or any(are_photos) or kind == PHOTOS:
        if not all(are_photos) or (preprocessing and kind in ("images", "x")):
            takes = UNDERSTOOD if preprocessing else ENCODED
            raise BadRequest(f"photos and numbers are separate inputs: {takes}")
        return np.stack([*_decoded(values, model)]), False
    numbers = _numbers(values)
    is_own = kind == "x" or (kind is None and numbers.dtype.kind == "f")
    shape = preprocessing.input_shape if is_own else model.image_shape
    if numbers.shape[1:] != shape:
        raise BadRequest(
            f"an instance has shape {[*numbers.shape[1:]]}, expected {[*shape]}"
        )
    if is_own:
        return _scaled(numbers, preprocessing), True
    return _whole(numbers), False


def _decoded(values: list, model) -> Iterator[np.ndarray]:
    patience = current_app.config["PATIENCE"]
    deadline = perf_counter() + patience
    for value in values:
        if perf_counter() > deadline:
            raise GatewayTimeout(
                f"these photos take more than {patience:g} s to decode: send fewer"
            )
        yield model.decode(bytes_in(value, UNDERSTOOD), **limits())


def bytes_in(value: Any, understood: str) -> bytes:
    """The bytes in {"b64": ...}; the message of its error ends with `understood`."""
    is_encoded = isinstance(value, dict) and [*value] == ["b64"]
    text = value["b64"] if is_encoded else None
    if not isinstance(text, str):
        raise BadRequest(f"JSON Value not formatted correctly: {understood}")
    text = "".join(text.split()).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Unable to base64 decode: {error}") from error


def _numbers(values: list) -> np.ndarray:
    """The numbers as integers, or as floats if one is a float."""
    try:
        objects = np.asarray(values, object)
        kinds = {type(value) for value in objects.flat}
        numbers = objects.astype(float if float in kinds else int)
    except (ValueError, TypeError, OverflowError):
        kinds = {list}
    if not kinds <= {int, float}:  # a bool, or a list where the lengths differ
        raise BadRequest(f"JSON Value is not of expected type: {UNDERSTOOD}")
    return numbers


def _whole(numbers: np.ndarray) -> np.ndarray:
    if numbers.dtype.kind == "f":
        raise BadRequest(
            "JSON Value is not of expected type: uint8; decimals are for the input x"
        )
    if numbers.min() < 0 or numbers.max() > 255:
        raise BadRequest("a whole number is not of expected type: uint8, 0 to 255")
    return numbers.astype(np.uint8)


def _scaled(numbers: np.ndarray, preprocessing) -> np.ndarray:
    """The numbers in the dtype of the network's input, within its range."""
    low, high = preprocessing.bounds
    lowest, highest = numbers.min(), numbers.max()
    if not (low - ROUNDING <= lowest and highest <= high + ROUNDING):  # or one is NaN
        raise BadRequest(
            f"the input x takes {low:g} to {high:g}, and {lowest:g} to {highest:g} "
            "came: send pixels of 0 to 255 as whole numbers"
        )
    if numbers.dtype.kind == "f" and "int" in preprocessing.dtype:
        raise BadRequest(
            f"JSON Value is not of expected type: the input x takes "
            f"{preprocessing.dtype}, whole numbers"
        )
    return numbers.astype(preprocessing.dtype)
