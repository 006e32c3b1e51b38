"""The JSON of a :predict request, in the row or the column format."""

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from flask import current_app
from werkzeug.exceptions import BadRequest

from webapp.rest_api.signatures import DEFAULT

KEY = "key"  # beside a photo's bytes: a name of the instance, which is answered


class PredictRequest(NamedTuple):
    """The photos of a request, all of one kind."""

    values: list
    kind: str | None  # the input's name; None: as the values say
    is_row: bool  # the answer's key is "predictions"; "outputs" in the column format
    keys: list | None = None  # of each instance, if they have any


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


def check_signature(signature: str, known: Collection[str]) -> None:
    """400 for a signature that the model has not got, in TensorFlow Serving's words."""
    if signature not in known:
        raise BadRequest(
            f'Serving signature name: "{signature[:80]}" not found in signature def'
        )


def predict_request(request: dict, names: Mapping[str, str | None]) -> PredictRequest:
    """The values under `instances` or `inputs`, of a model that takes photos.

    Args:
      names: those that the input may have, each with the kind of values that it takes;
        they are signatures, too.
    Raises:
      BadRequest: the object is not what TensorFlow Serving's API describes.
    """
    signature = signature_of(request)
    check_signature(signature, (DEFAULT, *names))
    content, is_row = values_in(request)
    name, values, keys = (_row if is_row else _column)(content, names)
    known = names if signature == DEFAULT else (signature,)
    if name and name not in known:
        raise BadRequest(
            f"JSON object: does not have named input: {name[:80]}; "
            f"it has {', '.join(known)}"
        )
    _check_count(values)
    kind = names.get(name or signature)
    return PredictRequest(values, kind, is_row, keys)


def _check_count(values: list) -> None:
    """400 for no instance, or for more than the app allows at once."""
    most = current_app.config["MAX_INSTANCES"]
    if not 1 <= len(values) <= most:
        raise BadRequest(f"{len(values)} instances came: send 1 to {most} at once")


def _row(
    instances: object, known: Collection[str]
) -> tuple[str | None, list, list | None]:
    """The name of the input, None where the values are not named; values and keys."""
    if not isinstance(instances, list):
        raise BadRequest("'instances' must be a list with one value for each photo")
    objects = [value for value in instances if _is_named(value)]
    if not objects:
        return None, instances, None
    keys = [] if KEY in known else [one[KEY] for one in objects if KEY in one]
    named = [
        {
            plain_name(name): inner
            for name, inner in one.items()
            if name != KEY or not keys
        }
        for one in objects
    ]
    names = {name for value in named for name in value}
    are_whole = len(objects) == len(instances) and all(len(one) == 1 for one in named)
    if len(names) != 1 or not are_whole or len(keys) not in (0, len(objects)):
        raise BadRequest(
            "the objects in 'instances' must all have the same one input of: "
            + ", ".join(known)
        )
    (name,) = names
    return name, [one[name] for one in named], _checked(keys) if keys else None


def _column(
    inputs: Any, known: Collection[str]
) -> tuple[str | None, list, list | None]:
    """The name of the input, its values and the keys, in the column format."""
    name, keys = None, None
    if _is_named(inputs):
        inputs = dict(inputs)
        keys = inputs.pop(KEY, None) if KEY not in known else None
        if len(inputs) != 1:
            raise BadRequest(f"'inputs' must name one input of: {', '.join(known)}")
        ((name, inputs),) = inputs.items()
    if not isinstance(inputs, list):
        raise BadRequest("'inputs' must hold a list with one value for each photo")
    if keys is not None and (not isinstance(keys, list) or len(keys) != len(inputs)):
        raise BadRequest("'key' must be a list with one value for each photo")
    return name and plain_name(name), inputs, keys and _checked(keys)


def _checked(keys: list) -> list:
    if not all(type(key) in (str, int) for key in keys):
        raise BadRequest("a 'key' must be a text or a whole number")
    return keys


def plain_name(name: str) -> str:
    """An input's name without the `:0` of its tensor."""
    return name.removesuffix(":0")


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and [*value] != ["b64"]
