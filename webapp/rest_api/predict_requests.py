"""The JSON of a :predict request, in the row or the column format."""

import json
from typing import Any, NamedTuple

from flask import current_app
from werkzeug.exceptions import BadRequest

DEFAULT = "serving_default"
INPUTS = ("images", "photos", "x")


class PredictRequest(NamedTuple):
    """The instances of a request: one value for each photo, all of one kind."""

    values: list
    kind: str | None  # one of INPUTS; None: as the type of the values says
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


def predict_request(request: dict) -> PredictRequest:
    """The values under `instances` or `inputs`.

    Raises:
      BadRequest: the object is not what TensorFlow Serving's API describes.
    """
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
            + ", ".join(INPUTS)
        )
    (name,) = names
    return name, [value[name] for value in objects]


def _column(inputs: Any) -> tuple[str | None, list]:
    """The name of the input and its values, in the column format."""
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
