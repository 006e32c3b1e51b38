"""An inference request: a JSON object, and the tensors that follow it as bytes."""

import re
from math import prod
from typing import Any, NamedTuple

from werkzeug.exceptions import BadRequest

from webapp.rest_api.predict_requests import parse

HEADER = "Inference-Header-Content-Length"  # bytes of the JSON object
SIZE, BINARY, ALL_BINARY = "binary_data_size", "binary_data", "binary_data_output"
CLASSES, CONTENT = "classification", "content_type"
SHARED = "shared_memory_region"
LARGEST = 2**63 - 1


class SentTensor(NamedTuple):
    """An input of a request; its data are `raw` or, from JSON, `data`."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None
    raw: memoryview | None
    is_base64: bool  # the texts in `data` are bytes in base64

    @property
    def size(self) -> int:
        """The number of elements that the shape has."""
        return prod(self.shape)


class WantedOutput(NamedTuple):
    """An output that a request asks for."""

    name: str
    is_binary: bool
    classes: int | None  # how many of the highest are named, instead of all numbers


class InferRequest(NamedTuple):
    """What a request sends and asks for."""

    inputs: dict[str, SentTensor]
    outputs: list[WantedOutput] | None  # None: all of them
    is_binary: bool  # how outputs that are not named are returned
    id: str | None


def infer_request(body: bytes, header_length: str | None) -> InferRequest:
    """The request in a body.

    Args:
      header_length: the value of the header HEADER; None: the whole body is JSON.
    Raises:
      BadRequest: it is not what the protocol describes.
    """
    end = _length(header_length, len(body))
    request, rest = parse(body[:end]), memoryview(body)[end:]
    request_id = request.get("id")
    if not isinstance(request_id, str | None):
        raise BadRequest("'id' must be a string")
    inputs = {}
    for item in _objects(request, "inputs"):
        tensor, rest = _input(item, rest)
        if tensor.name in inputs:
            raise BadRequest(f"the input {_short(tensor.name)} came twice")
        inputs[tensor.name] = tensor
    if not inputs:
        raise BadRequest("'inputs' must be a list with an object for each input")
    if rest:
        raise BadRequest(
            f"{len(rest)} bytes follow the data of all inputs: {HEADER} and each "
            f"input's parameter {SIZE} must add up to the length of the body"
        )
    is_binary = _flag(parameters_of(request), ALL_BINARY, default=False)
    outputs = None
    if request.get("outputs") is not None:
        outputs = [_output(item, is_binary) for item in _objects(request, "outputs")]
    return InferRequest(inputs, outputs or None, is_binary, request_id)


def _length(stated: str | None, most: int) -> int:
    if stated is None:
        return most
    if not re.fullmatch("[0-9]{1,12}", stated, re.ASCII) or int(stated) > most:
        raise BadRequest(
            f"{HEADER} is {stated[:40]!r}: it must be the number of bytes of the JSON "
            f"object, at most {most}, which came"
        )
    return int(stated)


def _objects(request: dict, key: str) -> list[dict]:
    found = request.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadRequest(f"{key!r} must be a list of objects")
    return found


def _input(item: dict, rest: memoryview) -> tuple[SentTensor, memoryview]:
    """An input, and the bytes that follow its data."""
    name, parameters = _name(item, "inputs"), parameters_of(item)
    where = f"the input {_short(name)}"
    datatype, shape, data = (item.get(key) for key in ("datatype", "shape", "data"))
    if not isinstance(datatype, str):
        raise BadRequest(f"{where} must have a 'datatype', like FP32")
    if not isinstance(shape, list) or not all(map(_is_size, shape)):
        raise BadRequest(f"{where} must have a 'shape', a list of sizes from 0 on")
    if SHARED in parameters:
        raise BadRequest(f"{where} is in shared memory, which is not offered: send it")
    raw, size = None, parameters.get(SIZE)
    if (size is None) == (data is None):
        came = "neither" if data is None else "both"
        raise BadRequest(
            f"{where} must have its data in 'data', or after the JSON object with the "
            f"parameter {SIZE}: {came} came"
        )
    if size is None and not isinstance(data, list):
        raise BadRequest(f"{where} must have a list in 'data'")
    if size is not None:
        if not _is_size(size) or size > len(rest):
            raise BadRequest(
                f"{where} has {SIZE} {str(size)[:40]}, and {len(rest)} bytes are left "
                f"after the JSON object: state its length as {HEADER}"
            )
        raw, rest = rest[:size], rest[size:]
    is_base64 = parameters.get(CONTENT) == "base64"
    return SentTensor(name, datatype, tuple(shape), data, raw, is_base64), rest


def _output(item: dict, is_binary: bool) -> WantedOutput:
    name, parameters = _name(item, "outputs"), parameters_of(item)
    if SHARED in parameters:
        raise BadRequest(
            f"the output {_short(name)} is wanted in shared memory, which is not "
            "offered: leave the parameter out"
        )
    classes = parameters.get(CLASSES)
    if classes is not None and (not _is_size(classes) or not classes):
        raise BadRequest(f"{CLASSES} must be a number of classes from 1 on")
    return WantedOutput(name, _flag(parameters, BINARY, default=is_binary), classes)


def _name(item: dict, key: str) -> str:
    name = item.get("name")
    if not isinstance(name, str):
        raise BadRequest(f"each of the {key!r} must have a 'name', a string")
    return name


def parameters_of(item: dict) -> dict[str, Any]:
    found = item.get("parameters")
    if not isinstance(found, dict | None):
        raise BadRequest("'parameters' must be an object")
    return found or {}


def _flag(parameters: dict, key: str, *, default: bool) -> bool:
    found = parameters.get(key, default)
    if not isinstance(found, bool):
        raise BadRequest(f"the parameter {key} must be true or false")
    return found


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _short(name: str) -> str:
    return repr(name[:80])
