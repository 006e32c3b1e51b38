"""Files and functions outside of a Keras file that its config names.

A Lambda layer of a named function stores the name and the module; a lookup layer that
was given the path of its vocabulary stores the path.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from helpers.freezing.sources.keras.config_objects import described_objects
from helpers.freezing.sources.keras.module_references import CALLING

LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup")
ROLES = ("function", "output_shape", "mask")
BACKEND = re.compile(r"(?:\w+\.)*keras\.(?:\w+\.)*backend\Z")
APPLICATION = re.compile(r"(?:\w+\.)*keras(?:_applications|(?:\.\w+)*\.applications)")
TENSORFLOW = re.compile(r"tensorflow\.python\.(?:ops|util)\.\w+")


class NamedFunction(NamedTuple):
    """A function that a Lambda layer names."""

    layer: str
    name: str
    module: str


def vocabulary_files(config: Any) -> Iterator[tuple[str, str]]:
    """The layer and the path of each vocabulary that is a file elsewhere."""
    for layer, item in described_objects(config):
        inner = item.get("config")
        name = str(item.get("class_name")).rpartition(">")[2]
        if name in LOOKUPS and isinstance(inner, dict):
            path = inner.get("vocabulary")
            if isinstance(path, str):
                yield layer, path


def named_functions(config: Any, known: Collection[str]) -> Iterator[NamedFunction]:
    """The functions that Lambda layers name, without those in `known`."""
    for layer, item in described_objects(config):
        for role in ROLES:
            name = item.get(role)
            if item.get(f"{role}_type") != "function" or not isinstance(name, str):
                continue
            if name not in known:
                key = "module" if role == "function" else f"{role}_module"
                yield NamedFunction(layer, name, str(item.get(key)))


def own_function(named: NamedFunction, keras: Any) -> Any | None:
    """The function if it is one of tensors, of Keras or TensorFlow; else None.

    Such are those of `keras.backend`, `preprocess_input` of `keras.applications`, and
    functions of tensors such as `tf.nn.l2_normalize`.
    """
    name, module = named.name, named.module
    if name in CALLING or name.startswith("_"):
        return None
    places: list[Any] = []
    if BACKEND.match(module):
        places = [keras.backend]
    elif APPLICATION.match(module) and name == "preprocess_input":
        places = [getattr(keras.applications, module.rpartition(".")[2], None)]
    elif TENSORFLOW.match(module):
        places = [tf, tf.nn, tf.math, tf.image]
    found = (getattr(place, name, None) for place in places)
    return next((value for value in found if callable(value)), None)
