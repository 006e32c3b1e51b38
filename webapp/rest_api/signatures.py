"""The signatures of a model, and TensorFlow Serving's JSON of its status and metadata.

A network that takes photos has the inputs `images`, `photos` and `x`, the last under
its own name, too; any other network has its own inputs and outputs.
"""

from typing import Any

from helpers.graphs.tensor_text import sizes_of
from helpers.serving.versions import Status

DEFAULT = "serving_default"
PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
PROBABILITIES = "probabilities"
PHOTOS = "photos"  # the signature whose input is a photo's bytes
IMAGES = "images"  # of decoded pixels
X = "x"  # of the network's own values
CLIENTS = ("image_bytes", "image")  # what clients of other graphs call the bytes
DTYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}


def status_json(statuses: dict[int, Status]) -> dict:
    """A `GetModelStatusResponse`."""
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": status.state,
                "status": {
                    "error_code": "UNKNOWN" if status.error else "OK",
                    "error_message": status.error,
                },
            }
            for version, status in statuses.items()
        ]
    }


def metadata_json(served) -> dict:
    """A `GetModelMetadataResponse` for a served model."""
    return {
        "model_spec": {
            "name": served.name,
            "signature_name": "",
            "version": str(served.version),
        },
        "metadata": {"signature_def": {"signature_def": _signatures(served.model)}},
    }


def photo_inputs(model) -> dict[str, str | None]:
    """The names under which a request may send photos, and the kind that each takes.

    The kinds are `images`, `photos` and `x`; None: as the values say. {}: the model
    takes no photos.
    """
    if not model.takes_photos:
        return {}
    if model.preprocessing is None:
        return dict.fromkeys((PHOTOS, *model.inputs, *CLIENTS), PHOTOS)
    own = {name: None if name in CLIENTS else X for name in model.inputs}
    kinds = dict.fromkeys(CLIENTS, PHOTOS) | own
    return {IMAGES: IMAGES, PHOTOS: PHOTOS, X: X} | {
        name: kind for name, kind in kinds.items() if name not in (IMAGES, PHOTOS, X)
    }


def answers_one_number(model) -> bool:
    """Whether the answer is one number an instance, which `:regress` asks for."""
    (first, *others) = model.outputs.values()
    if others or model.output_is != "values" or not _is_real(first.dtype):
        return False
    shape = first.shape
    return shape.rank == 1 or (shape.rank is not None and shape[1:].num_elements() == 1)


def output_names(model) -> tuple[str, ...]:
    """The keys of an answer to `:predict`."""
    names = tuple(model.outputs)
    return (PROBABILITIES, *names[1:]) if has_probabilities(model) else names


def has_probabilities(model) -> bool:
    return model.takes_photos and bool(model.class_names)


def _is_real(dtype) -> bool:
    return dtype.is_floating or dtype.is_integer


def _signatures(model) -> dict:
    outputs = _outputs(model)
    own = {name: _tensor_info(tensor) for name, tensor in model.inputs.items()}
    photos = _info("DT_STRING", [-1])
    predicting: dict[str, dict] = {DEFAULT: own}
    if model.preprocessing is not None:
        (x,) = own.values()
        images = {"images": _info("DT_UINT8", [-1, *model.image_shape], "images:0")}
        predicting = {DEFAULT: images, "images": images}
        predicting |= {PHOTOS: {PHOTOS: photos}, "x": {"x": x | _named(model)}}
    elif model.takes_photos:
        predicting[PHOTOS] = {PHOTOS: photos}
    found = {
        name: _signature(inputs, outputs, PREDICT)
        for name, inputs in predicting.items()
    }
    examples = {"inputs": photos}
    if model.class_names:
        classes = [-1, len(model.class_names)]
        names = _info("DT_STRING", classes)
        scores = _info("DT_FLOAT", classes, model.card["output"])
        both = {"classes": names, "scores": scores}
        found["classify"] = _signature(examples, both, CLASSIFY)
    if answers_one_number(model):
        (number,) = outputs.values()
        found["regress"] = _signature(examples, {"outputs": number}, REGRESS)
    return found


def _outputs(model) -> dict:
    infos = [_tensor_info(tensor) for tensor in model.outputs.values()]
    if has_probabilities(model):
        classes = [-1, len(model.class_names)]
        infos[0] = _info("DT_FLOAT", classes, model.card["output"])
    return dict(zip(output_names(model), infos, strict=True))


def _named(model) -> dict[str, str]:
    """The name of the network's own input, which photos replace in the served graph."""
    return {"name": model.card["input"]}


def _signature(inputs: dict, outputs: dict, method: str) -> dict:
    return {"inputs": inputs, "outputs": outputs, "method_name": method}


def _tensor_info(tensor: Any) -> dict:
    """The `TensorInfo` of a tf.Tensor."""
    dtype = tensor.dtype.base_dtype.name
    dtype = DTYPES.get(dtype, f"DT_{dtype.upper()}")
    return _info(dtype, sizes_of(tensor.shape), tensor.name)


def _info(dtype: str, shape: list | None, name: str = "") -> dict:
    """A `TensorInfo`; without a name for an input outside the graph."""
    sizes = [-1 if size is None else size for size in shape or []]
    return {
        "dtype": dtype,
        "tensor_shape": {
            "dim": [{"size": str(size), "name": ""} for size in sizes],
            "unknown_rank": shape is None,
        },
        "name": name,
    }
