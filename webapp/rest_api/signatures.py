"""The JSON of TensorFlow Serving's model status and model metadata."""

from helpers.serving.versions import Status
from webapp.rest_api.predict_requests import DEFAULT

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"


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


def _signatures(model) -> dict:
    photo = [-1, model.image_size, model.image_size, 3]
    classes = [-1, len(model.class_names)]
    images = {"images": _tensor("DT_UINT8", photo, "images:0")}
    photos = _tensor("DT_STRING", [-1])
    x = {"x": _tensor("DT_FLOAT", photo, model.card["input"])}
    scores = _tensor("DT_FLOAT", classes, model.card["output"])
    probabilities = {"probabilities": scores}
    return {
        DEFAULT: _signature(images, probabilities, PREDICT),
        "images": _signature(images, probabilities, PREDICT),
        "photos": _signature({"photos": photos}, probabilities, PREDICT),
        "x": _signature(x, probabilities, PREDICT),
        "classify": _signature(
            {"inputs": photos},
            {"classes": _tensor("DT_STRING", classes), "scores": scores},
            CLASSIFY,
        ),
    }


def _signature(inputs: dict, outputs: dict, method: str) -> dict:
    return {"inputs": inputs, "outputs": outputs, "method_name": method}


def _tensor(dtype: str, shape: list[int], name: str = "") -> dict:
    """A `TensorInfo`; without a name for an input outside the graph."""
    sizes = [{"size": str(size), "name": ""} for size in shape]
    return {
        "dtype": dtype,
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": name,
    }
