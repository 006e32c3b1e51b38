"""The report on the models: their cards, versions, graphs and request statistics."""

import math
from typing import Any

from helpers.graphs.tensor_text import sizes_of
from helpers.profiling.usage import MIB, rss_mib
from webapp.metrics import Metrics
from webapp.pages.card_text import output_sentence, photo_sentence


def model_report(library, metrics: Metrics) -> dict:
    """Each model's state, the files that cannot be served, the process's memory."""
    return {
        "models": [_model(library, metrics, served) for served in library.newest()],
        "failures": [
            {"model": name, "version": version, "error": error}
            for name, version, error in library.failures()
        ],
        "skipped": [
            {"name": name, "reason": reason} for name, reason in library.skipped.items()
        ],
        "memory_mib": round(rss_mib(), 1),
    }


def _model(library, metrics: Metrics, served) -> dict:
    """One model: the version that answers by default, and the list of all versions."""
    name, model = served.name, served.model
    statuses, ops = library.statuses(name), len(model.graph.get_operations())
    status = statuses.get(served.version)  # None if it has just been unloaded
    return {
        "name": name,
        "version": served.version,
        "versions": [_version(library, served, *status) for status in statuses.items()],
        "card": _with_null(model.card),
        **_ends(model),
        "image_size": model.image_size,
        "class_names": model.class_names,
        "photo": photo_sentence(model) if model.takes_photos else None,
        "answers_with": output_sentence(model),
        "notes": model.notes,
        "file": model.path.name,
        "file_bytes": _size_of(model.path),
        "precision": "bfloat16" if model.bfloat16 else "float32",
        "weights_mib": round(_weights_bytes(model) / MIB, 2),
        "ops": ops,
        "ops_when_loaded": status.ops if status else ops,
        **metrics.summary(name)._asdict(),
    }


def _with_null(value: Any) -> Any:
    """The value with None for NaN and infinity, which JSON has not."""
    if isinstance(value, dict):
        return {key: _with_null(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_null(inner) for inner in value]
    is_odd = isinstance(value, float) and not math.isfinite(value)
    return None if is_odd else value


def _ends(model) -> dict:
    """The inputs and outputs; the first of each also as `input` and `output`."""
    inputs = [_tensor(*named) for named in model.inputs.items()]
    outputs = [_tensor(*named) for named in model.outputs.items()]
    return {
        "input": inputs[0],
        "output": outputs[0],
        "inputs": inputs,
        "outputs": outputs,
    }


def _version(library, served, version: int, status) -> dict:
    named = library.labels(served.name).items()
    labels = [label for label, of in named if of == version]
    return {
        "version": version,
        "state": status.state,
        "is_live": version == served.version,
        "labels": labels,
        "error": status.error,
    }


def _tensor(name: str, tensor) -> dict:
    name = name if ":" in name else f"{name}:0"
    dtype = tensor.dtype.base_dtype.name
    return {"name": name, "dtype": dtype, "shape": sizes_of(tensor.shape)}


def _size_of(path) -> int | None:
    """The size in bytes; None if the file has been removed since it was loaded."""
    return path.stat().st_size if path.exists() else None


def _weights_bytes(model) -> int:
    """The size of the graph's constants, in bytes."""
    operations = model.graph.get_operations()
    constants = [op.outputs[0] for op in operations if op.type == "Const"]
    return sum(
        (tensor.shape.num_elements() or 0) * tensor.dtype.size for tensor in constants
    )
