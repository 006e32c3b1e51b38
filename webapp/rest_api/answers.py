"""Answers in TensorFlow Serving's row and column format."""

from typing import Any

from werkzeug.exceptions import BadRequest

from webapp.rest_api.json_values import json_value
from webapp.serving.all_outputs import Outputs


def predict_json(outputs: Outputs, count: int | None) -> dict[str, Any]:
    """A `:predict` response; the names of outputs are left out if there is only one.

    Args:
      count: the instances of the row format; None: the column format.
    Raises:
      BadRequest: an output has no row for each instance, or no form in JSON.
    """
    if count is not None:
        for name, array in outputs.items():
            if not array.ndim or len(array) != count:
                raise BadRequest(
                    f"the output {name} has shape {[*array.shape]}, not a row for each "
                    f"of {count} instances: use the column format, with 'inputs'"
                )
    values = {name: json_value(array) for name, array in outputs.items()}
    if len(values) == 1:
        (value,) = values.values()
        return {"outputs" if count is None else "predictions": value}
    if count is None:
        return {"outputs": values}
    columns = zip(*values.values(), strict=True)
    return {"predictions": [dict(zip(values, row, strict=True)) for row in columns]}


def with_keys(answer: dict[str, Any], keys: list, name: str) -> dict[str, Any]:
    """A `:predict` response with the key of each instance.

    Args:
      name: of the output, where there is only one.
    """
    ((form, found),) = answer.items()
    if form == "predictions":
        rows = [row if isinstance(row, dict) else {name: row} for row in found]
        both = zip(keys, rows, strict=True)
        return {form: [{"key": key, **row} for key, row in both]}
    return {
        form: {"key": keys, **(found if isinstance(found, dict) else {name: found})}
    }
