"""The JSON of a :classify or :regress request: `examples`, and `context`.

An example is an object of features; those in `context` belong to each example.
"""

from collections.abc import Iterable
from typing import Any

from werkzeug.exceptions import BadRequest

from webapp.rest_api.network_arrays import instance_shape
from webapp.rest_api.predict_requests import check_signature, signature_of
from webapp.rest_api.signatures import DEFAULT

FEATURE = "image"  # of a network that takes photos


def photos_in(request: dict, verb: str, most: int) -> list:
    """The value of the feature `image` of each example, 1 to `most` of them."""
    hint = f'{{"{FEATURE}": {{"b64": ...}}}}'
    examples = _examples(request, verb, most)
    return [_features(one, [FEATURE], hint)[FEATURE] for one in examples]


def rows_in(request: dict, verb: str, inputs: dict, most: int) -> list[dict[str, Any]]:
    """The features of each example, which are the network's inputs.

    A feature is a list, as in TensorFlow's Example, also where the input takes one
    value for each instance.
    """
    rows = []
    for example in _examples(request, verb, most):
        row = dict(_features(example, inputs, f"the inputs {', '.join(inputs)}"))
        for name, tensor in inputs.items():
            value = row[name]
            if instance_shape(tensor) == [] and isinstance(value, list):
                row[name] = value[0] if len(value) == 1 else value
        rows.append(row)
    return rows


def _examples(request: dict, verb: str, most: int) -> list[dict]:
    check_signature(signature_of(request), (DEFAULT, verb))
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


def _features(features: dict, names: Iterable[str], hint: str) -> dict:
    if features.keys() != {*names}:
        wanted = " and ".join(map(repr, names))
        plural = "s" if " and " in wanted else ""
        raise BadRequest(
            f"an example must have the feature{plural} {wanted} and no other: {hint}"
        )
    return features
