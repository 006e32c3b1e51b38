"""Arrays as JSON: numbers with the fewest decimals, strings as text or in base64."""

from base64 import b64encode
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest

SHORT = ("float16", "float32", "bfloat16")  # whose decimals Python would lengthen


def json_value(array: np.ndarray) -> Any:
    """The array as nested lists of numbers, booleans, texts or {"b64": ...}.

    Floats are the shortest decimals that are equal to them in their own dtype: 0.1, not
    0.10000000149.

    Raises:
      BadRequest: JSON has no numbers of this dtype.
    """
    array = np.asarray(array)
    if array.dtype.name in SHORT:
        decimals = [float(str(number)) for number in array.flat]
        return np.array(decimals).reshape(array.shape).tolist()
    if array.dtype.kind in "OSU":
        texts = np.array([_text(value) for value in array.flat], object)
        return texts.reshape(array.shape).tolist()
    if array.dtype.kind not in "fiub":
        raise BadRequest(f"JSON has no numbers of dtype {array.dtype.name}")
    return array.tolist()


def _text(value: bytes | str) -> str | dict[str, str]:
    """A string as text; as {"b64": ...} where its bytes are not UTF-8."""
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": b64encode(value).decode()}
