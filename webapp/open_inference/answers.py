"""An inference answer: a JSON object, and the tensors that follow it as bytes."""

import json
from math import prod
from typing import Any

import numpy as np
from flask import Response, jsonify
from werkzeug.exceptions import BadRequest

from webapp.open_inference.binary_data import to_bytes
from webapp.open_inference.datatypes import DATATYPES, datatype_of_array
from webapp.open_inference.requests import (
    HEADER,
    SIZE,
    InferRequest,
    WantedOutput,
)
from webapp.rest_api.json_values import json_value
from webapp.serving.all_outputs import Outputs


def check_outputs(asked: InferRequest, names: tuple[str, ...]) -> None:
    """400 if the request asks for an output that the model has not got, or twice."""
    wanted = [output.name for output in asked.outputs or ()]
    if odd := [name for name in wanted if name not in names]:
        raise BadRequest(
            f"the model has no output {odd[0][:80]!r}: it has {', '.join(names)}"
        )
    if len({*wanted}) < len(wanted):
        raise BadRequest("an output is asked for twice")


def infer_answer(
    served, asked: InferRequest, outputs: Outputs, class_names: tuple[str, ...]
) -> Response:
    """An `inference_response`, with the outputs that the request asks for.

    Args:
      class_names: of the first output; () if it has none.
    Raises:
      BadRequest: an output has no form in the protocol, or not the one asked for.
    """
    wanted = asked.outputs
    if wanted is None:
        wanted = [WantedOutput(name, asked.is_binary, None) for name in outputs]
    described, tail = [], []
    for output in wanted:
        is_first = output.name == next(iter(outputs))
        labels = class_names if is_first else ()
        array = np.asarray(outputs[output.name])
        if output.classes is not None:
            array = _highest(array, output, labels)
        item = _described(output.name, array)
        if output.is_binary:
            tail.append(to_bytes(array))
            item["parameters"] = {SIZE: len(tail[-1])}
        else:
            item["data"] = _json_data(output.name, array)
        described.append(item)
    answer: dict[str, Any] = {
        "model_name": served.name,
        "model_version": str(served.version),
    }
    if asked.id is not None:
        answer["id"] = asked.id
    answer["outputs"] = described
    return _with_tail(answer, tail) if tail else jsonify(answer)


def _with_tail(answer: dict, tail: list[bytes]) -> Response:
    head = json.dumps(answer, separators=(",", ":")).encode()
    response = Response(
        b"".join([head, *tail]), content_type="application/octet-stream"
    )
    response.headers[HEADER] = str(len(head))
    return response


def _described(name: str, array: np.ndarray) -> dict[str, Any]:
    datatype = datatype_of_array(array)
    if datatype not in DATATYPES.values():
        raise BadRequest(
            f"the output {name} is {array.dtype.name}, for which the protocol has no "
            "datatype: ask for other outputs"
        )
    return {"name": name, "datatype": datatype, "shape": [*array.shape]}


def _json_data(name: str, array: np.ndarray) -> list:
    data = json_value(array.reshape(-1))
    if any(isinstance(value, dict) for value in data):
        raise BadRequest(
            f"the output {name} has bytes that are no text: ask for it as binary data"
        )
    return data


def _highest(
    array: np.ndarray, output: WantedOutput, class_names: tuple[str, ...]
) -> np.ndarray:
    """The highest numbers of each instance, as texts "number:index[:class name]".

    Returns:
      type object, shape [N, classes]. There is no class name if the output has another
      number of columns than the model has classes.
    """
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise BadRequest(f"the output {output.name} is no numbers: none is the highest")
    columns = prod(array.shape[1:])
    rows = array.reshape(-1 if columns else len(array), columns)
    count = min(output.classes or 0, columns)
    is_named = len(class_names) == columns
    places = np.argsort(-rows.astype(float), axis=1, kind="stable")[:, :count]
    texts = np.empty(places.shape, object)
    for (row, rank), place in np.ndenumerate(places):
        label = f":{class_names[place]}" if is_named else ""
        texts[row, rank] = f"{json_value(rows[row, place])}:{place}{label}".encode()
    return texts
