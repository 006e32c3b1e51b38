"""The tensors of a request as arrays of the datatypes and shapes that a model takes."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest

from webapp.open_inference.binary_data import LENGTH, elements_in, numbers_in
from webapp.open_inference.datatypes import BYTES
from webapp.open_inference.metadata import TensorMetadata, input_tensors
from webapp.open_inference.requests import HEADER, InferRequest, SentTensor
from webapp.rest_api.nested_lists import nested
from webapp.rest_api.network_arrays import fits, strings, typed
from webapp.rest_api.network_requests import NetworkRequest, columns_request
from webapp.rest_api.signatures import IMAGES, PHOTOS
from webapp.rest_api.tensors import bytes_in, decoded, scaled

Sent = dict[str, SentTensor]
ENCODED = "send a photo's bytes as binary data, or as a text in base64"


def raw_request(body: bytes, model) -> InferRequest:
    """The request whose whole body is one photo, or one text for a network of texts.

    Raises:
      BadRequest: the model takes another input, or several.
    """
    known = input_tensors(model)
    texts = [tensor for tensor in known if tensor.datatype == BYTES]
    if not texts or not (model.takes_photos or len(known) == 1):
        raise BadRequest(
            f"the model takes {', '.join(map(str, known))}, and a body without a JSON "
            f"object is one text or photo: send the object, with its length as {HEADER}"
        )
    raw = memoryview(LENGTH.pack(len(body)) + body)
    sent = SentTensor(texts[0].name, BYTES, (1,), None, raw, is_base64=False)
    return InferRequest({sent.name: sent}, None, is_binary=False, id=None)


def photo_tensor(inputs: Sent, model, *, most: int) -> tuple[np.ndarray, bool]:
    """What a model that takes photos is given, as `to_tensor` returns it.

    Args:
      most: photos that may come at once.
    Raises:
      BadRequest: the request has another input, or more than one.
      PhotoError: the bytes are no usable photo.
    """
    known = input_tensors(model)
    takes = f"the model takes one of {', '.join(map(str, known))}"
    if len(inputs) != 1:
        raise BadRequest(f"{takes}: {len(inputs)} inputs came")
    (sent,) = inputs.values()
    asked = _matching(sent, known, takes)
    if asked.kind == PHOTOS and sent.shape[1:] == (1,):
        sent = sent._replace(shape=sent.shape[:1])
    _check_shape(sent, asked)
    if not 1 <= sent.shape[0] <= most:
        raise BadRequest(f"{sent.shape[0]} photos came: send 1 to {most} at once")
    if asked.kind == PHOTOS:
        return np.stack([*decoded(_photos(sent, asked), model)]), False
    if asked.kind == IMAGES:
        return _numbers(sent, np.dtype(np.uint8), asked), False
    dtype = np.dtype(model.x.dtype.base_dtype.as_numpy_dtype)
    return scaled(_numbers(sent, dtype, asked), model.preprocessing), True


def network_tensors(inputs: Sent, model, *, most: int) -> NetworkRequest:
    """The values of the inputs of a network that takes no photos.

    Args:
      most: instances that may come at once.
    Raises:
      BadRequest: they are not what the inputs take.
    """
    known = input_tensors(model)
    takes = f"the model's inputs are {', '.join(map(str, known))}"
    names = [tensor.name for tensor in known]
    if odd := [name for name in inputs if name not in names]:
        raise BadRequest(f"{takes}: {odd[0][:80]!r} is none of them")
    if absent := [name for name in names if name not in inputs]:
        raise BadRequest(f"{takes}: {absent[0]!r} is missing")
    arrays = {}
    for tensor in known:
        sent = inputs[tensor.name]
        if sent.datatype != tensor.datatype:
            raise BadRequest(f"the input {tensor}: {sent.datatype[:40]} came")
        _check_shape(sent, tensor)
        arrays[tensor.name] = _array(sent, model.inputs[tensor.name], tensor)
    return columns_request(arrays, model.inputs, most)


def _matching(
    sent: SentTensor, known: list[TensorMetadata], takes: str
) -> TensorMetadata:
    """The input that is meant; BYTES, under any of the names, are photos."""
    same = [tensor for tensor in known if tensor.name == sent.name]
    if not same:
        raise BadRequest(f"{takes}: {sent.name[:80]!r} is none of them")
    for tensor in same:
        if tensor.datatype == sent.datatype:
            return tensor
    if sent.datatype == BYTES:
        return next(tensor for tensor in known if tensor.kind == PHOTOS)
    raise BadRequest(f"{takes}: {sent.name} with {sent.datatype[:40]} came")


def _check_shape(sent: SentTensor, tensor: TensorMetadata) -> None:
    if tensor.shape is not None and not fits(sent.shape, tensor.shape):
        raise BadRequest(f"the input {tensor}: the shape {[*sent.shape]} came")


def _array(sent: SentTensor, tensor: Any, asked: TensorMetadata) -> np.ndarray:
    """The values of an input, in the dtype of its tf.Tensor."""
    if asked.datatype != BYTES:
        dtype = np.dtype(tensor.dtype.base_dtype.as_numpy_dtype)
        return _numbers(sent, dtype, asked)
    if sent.raw is not None:
        return _shaped(_elements(sent, asked), sent)
    objects = _objects(sent, asked)
    if sent.is_base64:
        return _shaped([_unpacked(text) for text in objects.flat], sent)
    return strings(objects)


def _numbers(sent: SentTensor, dtype: np.dtype, asked: TensorMetadata) -> np.ndarray:
    takes = f"the input {asked}"
    if sent.raw is None:
        return typed(_objects(sent, asked), dtype, takes)
    array = numbers_in(sent.raw, dtype, takes)
    _check_count(array.size, sent, asked)
    return array.reshape(sent.shape)


def _photos(sent: SentTensor, asked: TensorMetadata) -> Iterable[bytes]:
    """The bytes of the files of photos."""
    if sent.raw is not None:
        return _elements(sent, asked)
    return [_unpacked(text) for text in _objects(sent, asked).flat]


def _elements(sent: SentTensor, asked: TensorMetadata) -> list[bytes]:
    assert sent.raw is not None
    found = elements_in(sent.raw, f"the input {asked}")
    elements = [*islice(found, sent.size + 1)]
    _check_count(len(elements), sent, asked)
    return elements


def _objects(sent: SentTensor, asked: TensorMetadata) -> np.ndarray:
    """The values in JSON, flat or in nested lists, in the shape that is stated."""
    try:
        objects = nested(sent.data)
    except ValueError as error:
        raise BadRequest(f"the input {asked}: {error} came") from error
    _check_count(objects.size, sent, asked)
    return objects.reshape(sent.shape)


def _check_count(count: int, sent: SentTensor, asked: TensorMetadata) -> None:
    if count != sent.size:
        raise BadRequest(
            f"the input {asked}: the shape {[*sent.shape]} has {sent.size} elements, "
            f"and {'more' if count > sent.size else count} came"
        )


def _shaped(elements: list[bytes], sent: SentTensor) -> np.ndarray:
    array = np.empty(len(elements), object)
    array[:] = elements
    return array.reshape(sent.shape)


def _unpacked(text: object) -> bytes:
    """The bytes of a text in base64."""
    return bytes_in({"b64": text} if isinstance(text, str) else text, ENCODED)
