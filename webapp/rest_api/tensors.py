"""Converts the values of TensorFlow Serving's JSON to tensors, and rows to JSON.

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

from webapp.requests.uploads import pixels

RANGES = {"0..1": (0, 1), "-1..1": (-1, 1), "0..255": (0, 255)}
ROUNDING = 0.01  # tolerance of RANGES for values that a client has rounded
UNDERSTOOD = (
    'an instance is {"b64": the bytes of a photo in base64}, or nested lists of '
    "whole numbers from 0 to 255 or of decimals"
)


def to_tensor(values: list, kind: str | None, model) -> np.ndarray:
    """uint8 pixels, or float32 for the graph's own input; shape [N, size, size, 3]."""
    are_photos = [isinstance(value, dict) for value in values]
    if any(are_photos) or kind == "photos":
        if not all(are_photos) or kind in ("images", "x"):
            raise BadRequest(f"photos and numbers are separate inputs: {UNDERSTOOD}")
        return np.stack([*_decoded(values, model.image_size)])
    numbers = _numbers(values, (model.image_size, model.image_size, 3))
    if kind == "x" or (kind is None and numbers.dtype.kind == "f"):
        return _scaled(numbers, model.card["pixels"])
    return _whole(numbers)


def _decoded(values: list, size: int) -> Iterator[np.ndarray]:
    patience = current_app.config["PATIENCE"]
    deadline = perf_counter() + patience
    for value in values:
        if perf_counter() > deadline:
            raise GatewayTimeout(
                f"these photos take more than {patience:g} s to decode: send fewer"
            )
        yield pixels(photo_in(value), size)


def photo_in(value: Any) -> bytes:
    """The bytes in {"b64": ...}."""
    is_photo = isinstance(value, dict) and [*value] == ["b64"]
    text = value["b64"] if is_photo else None
    if not isinstance(text, str):
        raise BadRequest(f"JSON Value not formatted correctly: {UNDERSTOOD}")
    text = "".join(text.split()).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Unable to base64 decode: {error}") from error


def _numbers(values: list, shape: tuple[int, ...]) -> np.ndarray:
    try:
        objects = np.asarray(values, object)
        kinds = {type(value) for value in objects.flat}
        numbers = objects.astype(float if float in kinds else int)
    except (ValueError, TypeError, OverflowError):
        kinds = {list}
    if not kinds <= {int, float}:  # a bool, or a list where the lengths differ
        raise BadRequest(f"JSON Value is not of expected type: {UNDERSTOOD}")
    if numbers.shape[1:] != shape:
        raise BadRequest(
            f"an instance has shape {[*numbers.shape[1:]]}, expected {[*shape]}"
        )
    return numbers


def _whole(numbers: np.ndarray) -> np.ndarray:
    if numbers.dtype.kind == "f":
        raise BadRequest(
            "JSON Value is not of expected type: uint8; decimals are for the input x"
        )
    if numbers.min() < 0 or numbers.max() > 255:
        raise BadRequest("a whole number is not of expected type: uint8, 0 to 255")
    return numbers.astype(np.uint8)


def _scaled(numbers: np.ndarray, scale: str) -> np.ndarray:
    low, high = RANGES[scale]
    if numbers.min() < low - ROUNDING or numbers.max() > high + ROUNDING:
        raise BadRequest(
            f"the input x takes {low} to {high}, and {numbers.min():g} to "
            f"{numbers.max():g} came: send pixels of 0 to 255 as whole numbers"
        )
    return numbers.astype(np.float32)


def shortest(rows: np.ndarray) -> list[list[float]]:
    """The rows as lists of the shortest decimals that are equal to them as float32.

    0.1, not 0.10000000149.
    """
    return [[float(str(number)) for number in row] for row in rows]
