"""The JSON of a :classify request: `examples`, and `context`, their shared features."""

from werkzeug.exceptions import BadRequest

from webapp.rest_api.predict_requests import DEFAULT, signature_of

SIGNATURES = (DEFAULT, "classify")
FEATURE = "image"


def photos_in(request: dict, most: int) -> list:
    """The value of the feature `image` of each example, 1 to `most` of them."""
    signature = signature_of(request)
    if signature not in SIGNATURES:
        raise BadRequest(
            f'Serving signature name: "{signature[:80]}" not found in signature def'
        )
    examples, context = request.get("examples"), request.get("context", {})
    if not isinstance(examples, list) or not 1 <= len(examples) <= most:
        raise BadRequest(f"'examples' must be a list of 1 to {most} objects")
    if not isinstance(context, dict):
        raise BadRequest("'context' must be an object")
    return [_photo(example, context) for example in examples]


def _photo(example: object, context: dict) -> object:
    if not isinstance(example, dict):
        raise BadRequest("each of the 'examples' must be an object of features")
    if repeated := context.keys() & example.keys():
        raise BadRequest(f"{min(repeated)[:80]!r} is in 'context' and in an example")
    features = context | example
    if [*features] != [FEATURE]:
        raise BadRequest(
            f"an example must have the feature {FEATURE!r} and no other: "
            f'{{"{FEATURE}": {{"b64": ...}}}}'
        )
    return features[FEATURE]
