"""Load an HDF5 file of Keras 3 in two steps, where its own loader cannot.

That loader looks classes and functions up by name alone: it finds no operation, such
as the NotEqual of a mask, and takes the text "dot" for the function of that name. The
loader of `.keras` files knows each class's module.
"""

import copy
import importlib
from pathlib import Path
from typing import Any

from helpers.freezing.sources.keras.config_objects import described_objects

MODELS = {
    "Sequential": "keras",
    "Model": "keras",
    "Functional": "keras.src.models.functional",
}
OPERATIONS = tuple(
    f"keras.src.ops.{name}"
    for name in ("numpy", "core", "math", "nn", "linalg", "image", "einops")
)


def load_by_parts(
    path: Path, config: dict[str, Any], custom: dict[str, Any], *, trust: bool
) -> Any:
    """The model that the config describes, with the weights of the file."""
    import keras

    model = keras.saving.deserialize_keras_object(
        with_modules(config), custom_objects=custom, safe_mode=not trust
    )
    model.load_weights(path)
    return model


def with_modules(config: dict[str, Any]) -> dict[str, Any]:
    """A copy of the config in which each of Keras's own classes has its module."""
    config = copy.deepcopy(config)
    for _, item in list(described_objects(config)):
        if "module" in item or "config" not in item:
            continue
        if module := _module_of(str(item.get("class_name"))):
            item |= {"module": module, "registered_name": None}
    return config


def _module_of(name: str) -> str | None:
    """The module of a class of Keras 3, None for another class."""
    import keras

    if name in MODELS:
        return MODELS[name]
    if hasattr(keras.layers, name):
        return "keras.layers"
    for module in OPERATIONS:
        found = vars(importlib.import_module(module)).get(name)
        if isinstance(found, type) and issubclass(found, keras.Operation):
            return module
    return None
