"""The JSON of a :classify or :regress request: `examples`, and `context`.

An example is an object of features; those in `context` belong to each example.
"""

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest

from webapp.rest_api.network_arrays import instance_shape
from webapp.rest_api.predict_requests import check_signature, plain_name, signature_of
from webapp.rest_api.signatures import DEFAULT, PHOTOS, X, photo_inputs

FEATURE = "image"  # of a network that takes photos
FEATURES = dict.fromkeys(("inputs", "image/encoded"), PHOTOS)  # and these


def photos_in(request: dict, verb: str, model, most: int) -> tuple[list, str | None]:
    """The value of the photo's feature in each example, and its kind.

    A feature is a list, as in TensorFlow's Example: one photo, or its numbers without
    their shape.
    """
    kinds = FEATURES | photo_inputs(model)
    names = [*dict.fromkeys((FEATURE, *kinds))]
    examples = _examples(request, verb, most)
    if not all(len(example) == 1 for example in examples):
        raise BadRequest(f"an example must have one feature of: {', '.join(names)}")
    found = {plain_name(name) for example in examples for name in example}
    if len(found) > 1 or not found <= {*names}:
        raise BadRequest(
            f"each example must have the feature {FEATURE!r}, "
            f'{{"{FEATURE}": {{"b64": ...}}}}, or the same one of: {", ".join(names)}'
        )
    (name,) = found
    kind, values = kinds[name], [value for one in examples for value in one.values()]
    return [_photo(value, kind, model) for value in values], kind


def _photo(value: Any, kind: str | None, model) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    if model.preprocessing is None or any(isinstance(inner, list) for inner in value):
        return value
    shape = model.preprocessing.input_shape if kind == X else model.image_shape
    if len(value) != prod(shape):
        return value
    return np.reshape(np.array(value, object), shape).tolist()


def rows_in(request: dict, verb: str, inputs: dict, most: int) -> list[dict[str, Any]]:
    """The features of each example, which are the network's inputs.

    A feature is a list, as in TensorFlow's Example, also where the input takes one
    value for each instance.
    """
    rows = []
    for example in _examples(request, verb, most):
        example = {plain_name(name): value for name, value in example.items()}
        row = _features(example, inputs)
        for name, tensor in inputs.items():
            value = row[name]
            if instance_shape(tensor) == [] and isinstance(value, list):
                row[name] = value[0] if len(value) == 1 else value
        rows.append(row)
    return rows


def _examples(request: dict, verb: str, most: int) -> list[dict]:
    known = (DEFAULT, verb, f"tensorflow/serving/{verb}")
    check_signature(signature_of(request), known)
    examples, context = request.get("examples"), request.get("context", {})
    if not isinstance(examples, list) or not 1 <= len(examples) <= most:
        raise BadRequest(f"'examples' must be a list of 1 to {most} objects")
    if not isinstance(context, dict):
        raise BadRequest("'context' must be an object")
    return [_with_context(example, context) for example in examples]


def _with_context(example: object, context: dict) -> dict:
    if not isinstance(example, dict):
        raise BadRequest("each of the 'examples' must be an object of features")
    if repeated := context.keys() & example.keys():
        raise BadRequest(f"{min(repeated)[:80]!r} is in 'context' and in an example")
    return context | example


def _features(features: dict, names: Iterable[str]) -> dict:
    if features.keys() != {*names}:
        wanted = " and ".join(map(repr, names))
        plural = "s" if " and " in wanted else ""
        raise BadRequest(f"an example must have the feature{plural} {wanted} alone")
    return features
