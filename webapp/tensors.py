"""TensorFlow Serving's JSON and the tensors it stands for.

An instance is a photo, {"b64": ...}; or whole numbers, the pixels; or decimals, what
the graph's own input takes.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from flask import current_app
from werkzeug.exceptions import BadRequest, GatewayTimeout

from webapp.uploads import pixels

DEFAULT = "serving_default"
INPUTS = ("images", "photos", "x")
RANGES = {"0..1": (0, 1), "-1..1": (-1, 1), "0..255": (0, 255)}
ROUNDING = 0.01
UNDERSTOOD = (
    'an instance is {"b64": the bytes of a photo in base64}, or nested lists of '
    "whole numbers from 0 to 255 or of decimals"
)


class PredictRequest(NamedTuple):
    """What a request asks: one value a photo, all of one kind."""

    values: list
    kind: str | None  # one of INPUTS; None: the values tell
    is_row: bool  # answered as "predictions"; else, the column format, as "outputs"


def parse(body: bytes) -> dict:
    """The JSON object in a request's body."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"JSON Parse error: {error}") from error
    if not isinstance(request, dict):
        raise BadRequest("JSON Value: expected an object at the top")
    return request


def signature_of(request: dict) -> str:
    """The `signature_name` of a request, or the default one."""
    name = request.get("signature_name", DEFAULT)
    if not isinstance(name, str):
        raise BadRequest("'signature_name' key must be a string value")
    return name or DEFAULT


def asked(request: dict) -> PredictRequest:
    """The values under `instances` or `inputs`."""
    signature = signature_of(request)
    if signature not in (DEFAULT, *INPUTS):
        raise BadRequest(
            f'Serving signature name: "{signature[:80]}" not found in signature def'
        )
    kind = None if signature == DEFAULT else signature
    keys = [key for key in ("instances", "inputs") if key in request]
    if len(keys) != 1:
        found = "both came" if keys else "neither came"
        raise BadRequest(
            f"JSON object must have one of the keys 'instances' and 'inputs': {found}"
        )
    is_row = keys == ["instances"]
    name, values = (_row if is_row else _column)(request[keys[0]])
    if name and name not in ([kind] if kind else INPUTS):
        raise BadRequest(
            f"JSON object: does not have named input: {name[:80]}; "
            f"it has {kind or ', '.join(INPUTS)}"
        )
    most = current_app.config["MAX_INSTANCES"]
    if not 1 <= len(values) <= most:
        raise BadRequest(f"{len(values)} instances came: send 1 to {most} at once")
    return PredictRequest(values, name or kind, is_row)


def _row(instances: object) -> tuple[str | None, list]:
    """The name of the one input, where the objects name it, and its values."""
    if not isinstance(instances, list):
        raise BadRequest("'instances' must be a list with one value for each photo")
    objects = [value for value in instances if _is_named(value)]
    if not objects:
        return None, instances
    names = {name for value in objects for name in value}
    if len(objects) < len(instances) or len(names) != 1:
        raise BadRequest(
            "the objects in 'instances' must all have the same one input of: "
            + ", ".join(INPUTS)
        )
    (name,) = names
    return name, [value[name] for value in objects]


def _column(inputs: Any) -> tuple[str | None, list]:
    """The same of the column format."""
    name = None
    if _is_named(inputs):
        if len(inputs) != 1:
            raise BadRequest(f"'inputs' must name one input of: {', '.join(INPUTS)}")
        ((name, inputs),) = inputs.items()
    if not isinstance(inputs, list):
        raise BadRequest("'inputs' must hold a list with one value for each photo")
    return name, inputs


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and [*value] != ["b64"]


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
    if not kinds <= {
        int,
        float,
    }:  # True is none, a list is too short
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
    """The numbers with no more digits than they have, 0.1 and not 0.10000000149."""
    return [[float(str(number)) for number in row] for row in rows]
