"""Converts the photos in TensorFlow Serving's JSON to tensors.

An instance is {"b64": a photo file}, or numbers: pixels for the input `images`, values
of the graph's own input for `x`. How JSON spells a number, 1 or 1.0, does not matter.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
from flask import current_app
from werkzeug.exceptions import BadRequest, GatewayTimeout

from webapp.requests.uploads import limits
from webapp.rest_api.nested_lists import nested
from webapp.rest_api.signatures import IMAGES, PHOTOS, X

ROUNDING = 0.01  # tolerance of a range for values that a client has rounded
SMALL = 16  # a range of `x` up to here has few values that a pixel has, too
UNDERSTOOD = (
    'an instance is {"b64": the bytes of a photo in base64}, or nested lists of '
    "whole numbers from 0 to 255 or of values of the input x"
)
ENCODED = 'an instance is {"b64": the bytes of a photo in base64}'


def to_tensor(values: list, kind: str | None, model) -> tuple[np.ndarray, bool]:
    """What the model takes of these photos.

    Args:
      kind: one of the kinds of signatures.photo_inputs; None: as the values say.
    Returns:
      what the model's `decode` returns for a photo, stacked, and False; or values of
      the network's own input, and True.
    """
    preprocessing = model.preprocessing
    are_photos = [isinstance(value, dict) for value in values]
    if preprocessing is None or any(are_photos) or kind == PHOTOS:
        if not all(are_photos) or (preprocessing and kind in (IMAGES, X)):
            takes = UNDERSTOOD if preprocessing else ENCODED
            raise BadRequest(f"photos and numbers are separate inputs: {takes}")
        files = (bytes_in(value, UNDERSTOOD) for value in values)
        return np.stack([*decoded(files, model)]), False
    numbers = _numbers(values)
    is_own = kind == X or (kind is None and _are_own(numbers, preprocessing))
    shape = preprocessing.input_shape if is_own else model.image_shape
    if numbers.shape[1:] != shape:
        raise BadRequest(
            f"an instance has shape {[*numbers.shape[1:]]}, expected {[*shape]}"
        )
    if is_own:
        return scaled(numbers, preprocessing), True
    return _whole(numbers), False


def decoded(files: Iterable[bytes], model) -> Iterator[np.ndarray]:
    """What the model's `decode` returns for each photo's bytes.

    Raises:
      GatewayTimeout: it takes longer than the app's PATIENCE.
      PhotoError: the bytes are no usable photo.
    """
    patience = current_app.config["PATIENCE"]
    deadline = perf_counter() + patience
    for file in files:
        if perf_counter() > deadline:
            raise GatewayTimeout(
                f"these photos take more than {patience:g} s to decode: send fewer"
            )
        yield model.decode(file, **limits())


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
        objects = nested(values)
        kinds = {type(value) for value in objects.flat}
        numbers = objects.astype(float if float in kinds else int)
    except (ValueError, TypeError, OverflowError):
        kinds = {list}
    if not kinds <= {int, float}:  # a bool, or a list where the lengths differ
        raise BadRequest(f"JSON Value is not of expected type: {UNDERSTOOD}")
    return numbers


def _are_own(numbers: np.ndarray, preprocessing) -> bool:
    """Whether numbers without a name are values of the own input, not pixels.

    Its shape decides if it is another than that of pixels, else the range: 0 and 1 are
    for an input from 0 to 1, and what is no whole number is no pixel.
    """
    shape, are_whole = numbers.shape[1:], _are_whole(numbers)
    if shape != preprocessing.image_shape or not are_whole:
        return shape == preprocessing.input_shape or not are_whole
    if shape != preprocessing.input_shape:
        return False
    low, high = preprocessing.bounds
    return bool(high < SMALL and low <= numbers.min() and numbers.max() <= high)


def _are_whole(numbers: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):  # of infinity
        return numbers.dtype.kind != "f" or bool(np.all(np.mod(numbers, 1) == 0))


def _whole(numbers: np.ndarray) -> np.ndarray:
    if not _are_whole(numbers):
        raise BadRequest(
            "JSON Value is not of expected type: uint8; decimals are for the input x"
        )
    if numbers.min() < 0 or numbers.max() > 255:
        raise BadRequest("a whole number is not of expected type: uint8, 0 to 255")
    return numbers.astype(np.uint8)


def scaled(numbers: np.ndarray, preprocessing) -> np.ndarray:
    """The numbers in the dtype of the network's input.

    Raises:
      BadRequest: one is outside of the input's range, or no whole number for integers.
    """
    low, high = preprocessing.bounds
    lowest, highest = numbers.min(), numbers.max()
    if not (low - ROUNDING <= lowest and highest <= high + ROUNDING):  # or one is NaN
        raise BadRequest(
            f"the input x takes {low:g} to {high:g}, and {lowest:g} to {highest:g} "
            "came: send pixels of 0 to 255 under the name images"
        )
    if "int" in preprocessing.dtype and not _are_whole(numbers):
        raise BadRequest(
            f"JSON Value is not of expected type: the input x takes "
            f"{preprocessing.dtype}, whole numbers"
        )
    return numbers.astype(preprocessing.dtype)
