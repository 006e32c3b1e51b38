"""The protocol's metadata of a model: its inputs and outputs, and their datatypes."""

from typing import Any, NamedTuple

from helpers.graphs.tensor_text import sizes_of, sizes_text
from webapp.open_inference.datatypes import BYTES, UINT8, datatype_of
from webapp.rest_api.network_arrays import Shape
from webapp.rest_api.network_requests import batch_size, column_shape
from webapp.rest_api.signatures import (
    IMAGES,
    PHOTOS,
    PROBABILITIES,
    X,
    has_probabilities,
    output_names,
)

NAME, VERSION = "Freeze & Serve", "1"  # as in openapi.json
PLATFORM = "tensorflow_graphdef"  # as Triton names frozen graphs
EXTENSIONS = ("binary_tensor_data", "classification", "model_repository")


class TensorMetadata(NamedTuple):
    """An input or output: its name, datatype and shape.

    `kind` is what an input of a network that takes photos holds: IMAGES, PHOTOS or X.
    """

    name: str
    datatype: str
    shape: Shape
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.datatype} {sizes_text(self.shape)})"

    def as_json(self) -> dict[str, Any]:
        """The protocol's `metadata_tensor`; -1 is any size, also of an unknown rank."""
        sizes: list[int | None] = [None] if self.shape is None else self.shape
        shape = [-1 if size is None else size for size in sizes]
        return {"name": self.name, "datatype": self.datatype, "shape": shape}


def server_metadata() -> dict[str, Any]:
    """The name and version of this server, and the extensions that it offers."""
    return {"name": NAME, "version": VERSION, "extensions": [*EXTENSIONS]}


def model_metadata(served, versions: list[int]) -> dict[str, Any]:
    """A `metadata_model_response`.

    `inputs` are those that a request must have. A network that takes photos has one,
    and `alternatives` are the inputs that may be sent in its place.

    Args:
      versions: that a request may ask for.
    """
    inputs, alternatives = input_tensors(served.model), []
    if served.model.takes_photos:
        inputs, alternatives = inputs[:1], inputs[1:]
    answer = {
        "name": served.name,
        "versions": [str(number) for number in versions],
        "platform": PLATFORM,
        "inputs": [tensor.as_json() for tensor in inputs],
        "outputs": [tensor.as_json() for tensor in output_tensors(served.model)],
    }
    if alternatives:
        answer["alternatives"] = [tensor.as_json() for tensor in alternatives]
    return answer


def input_tensors(model) -> list[TensorMetadata]:
    """The inputs that a request may have; of a network that takes photos, one of them.

    That one may be pixels, the bytes of photos, or values of the network's own input,
    by its own name or as `x`.
    """
    if not model.takes_photos:
        return [
            TensorMetadata(name, datatype_of(tensor), column_shape(tensor))
            for name, tensor in model.inputs.items()
        ]
    ((own, tensor),) = model.inputs.items()
    photos = TensorMetadata(PHOTOS, BYTES, [None], PHOTOS)
    if model.preprocessing is None:
        return [photos, photos._replace(name=own)] if own != PHOTOS else [photos]
    images = TensorMetadata(IMAGES, UINT8, [None, *model.image_shape], IMAGES)
    shape = [None, *model.preprocessing.input_shape]
    x = TensorMetadata(X, datatype_of(tensor), shape, X)
    named = [x] if own == X else [x, x._replace(name=own)]
    return [images, photos, *named]


def output_tensors(model) -> list[TensorMetadata]:
    """The outputs, in the model's order."""
    found = [
        TensorMetadata(name, datatype_of(tensor), _batched(model, tensor))
        for name, tensor in zip(
            output_names(model), model.outputs.values(), strict=True
        )
    ]
    if has_probabilities(model):
        shape = [None, len(model.class_names)]
        found[0] = TensorMetadata(PROBABILITIES, datatype_of(model.y_pred), shape)
    return found


def _batched(model, tensor: Any) -> Shape:
    """The shape of an output, with an axis of any size for photos or instances."""
    runs_singly = any(batch_size(one) == 1 for one in model.inputs.values())
    takes_many = model.takes_photos or runs_singly
    return column_shape(tensor) if takes_many else sizes_of(tensor.shape)
