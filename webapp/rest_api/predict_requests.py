"""The JSON of a :predict request, in the row or the column format."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import current_app
from werkzeug.exceptions import BadRequest

from webapp.rest_api.signatures import DEFAULT


class PredictRequest(NamedTuple):
    """The photos of a request, all of one kind."""

    values: list
    kind: str | None  # the input's name; None: as the type of the values says
    is_row: bool  # the answer's key is "predictions"; "outputs" in the column format


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


def values_in(request: dict) -> tuple[Any, bool]:
    """What a request has under `instances`, and True, or under `inputs`, and False.

    Raises:
      BadRequest: it has neither key, or both.
    """
    keys = [key for key in ("instances", "inputs") if key in request]
    if len(keys) != 1:
        found = "both came" if keys else "neither came"
        raise BadRequest(
            f"JSON object must have one of the keys 'instances' and 'inputs': {found}"
        )
    return request[keys[0]], keys == ["instances"]


def check_signature(signature: str, known: Sequence[str]) -> None:
    """400 for a signature that the model has not got, in TensorFlow Serving's words."""
    if signature not in known:
        raise BadRequest(
            f'Serving signature name: "{signature[:80]}" not found in signature def'
        )


def predict_request(request: dict, names: tuple[str, ...]) -> PredictRequest:
    """The values under `instances` or `inputs`, of a model that takes photos.

    Args:
      names: the names that the input may have, which are signatures, too.
    Raises:
      BadRequest: the object is not what TensorFlow Serving's API describes.
    """
    signature = signature_of(request)
    check_signature(signature, (DEFAULT, *names))
    kind = None if signature == DEFAULT else signature
    content, is_row = values_in(request)
    name, values = (_row if is_row else _column)(content, names)
    if name and name not in ([kind] if kind else names):
        raise BadRequest(
            f"JSON object: does not have named input: {name[:80]}; "
            f"it has {kind or ', '.join(names)}"
        )
    most = current_app.config["MAX_INSTANCES"]
    if not 1 <= len(values) <= most:
        raise BadRequest(f"{len(values)} instances came: send 1 to {most} at once")
    return PredictRequest(values, name or kind, is_row)


def _row(instances: object, known: tuple[str, ...]) -> tuple[str | None, list]:
    """The name of the input, None where the values are not named, and the values."""
    if not isinstance(instances, list):
        raise BadRequest("'instances' must be a list with one value for each photo")
    objects = [value for value in instances if _is_named(value)]
    if not objects:
        return None, instances
    names = {name for value in objects for name in value}
    if len(objects) < len(instances) or len(names) != 1:
        raise BadRequest(
            "the objects in 'instances' must all have the same one input of: "
            + ", ".join(known)
        )
    (name,) = names
    return name, [value[name] for value in objects]


def _column(inputs: Any, known: tuple[str, ...]) -> tuple[str | None, list]:
    """The name of the input and its values, in the column format."""
    name = None
    if _is_named(inputs):
        if len(inputs) != 1:
            raise BadRequest(f"'inputs' must name one input of: {', '.join(known)}")
        ((name, inputs),) = inputs.items()
    if not isinstance(inputs, list):
        raise BadRequest("'inputs' must hold a list with one value for each photo")
    return name, inputs


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and [*value] != ["b64"]
