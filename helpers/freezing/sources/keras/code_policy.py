"""Decide what a Keras file may run: nothing of its own, unless it is trusted."""

import builtins
import copy
import math
import sys
from collections.abc import Collection, Mapping
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.keras.bytecode import (
    fault_of,
    function_of,
    global_names,
)
from helpers.freezing.sources.keras.embedded_code import EmbeddedCode, embedded_code
from helpers.freezing.sources.keras.keras_contents import KerasContents
from helpers.freezing.sources.keras.module_references import foreign_references
from helpers.freezing.sources.keras.outside_names import (
    named_functions,
    own_function,
    vocabulary_files,
)

# The packages whose classes and functions are no custom layers.
NO_MODELS = {"keras", "tf_keras", "tensorflow", "numpy", *sys.stdlib_module_names}
NO_MODELS -= {"__main__"}
AS_PYTHON = (
    "give it as Python: a function named {} in a module given with --custom MODULE"
)


class Allowed(NamedTuple):
    """A config without code, and the functions that it names instead."""

    config: dict[str, Any]
    functions: dict[str, Any]


def allow_code(
    contents: KerasContents, custom: Mapping[str, Any], keras: Any, *, trust: bool
) -> Allowed:
    """The model's config; functions of a layer's name replace the code in it.

    Args:
      custom: the classes and functions that the user brought, by name.
      keras: the module of the generation that loads the file.
    Raises:
      FreezeError: code or a module is left that would have to be trusted, or the code
        cannot run here.
    """
    config, functions = copy.deepcopy(contents.config), dict[str, Any]()
    codes = embedded_code(config)
    left = [code for code in codes if code.name not in custom]
    if left and not trust:
        listed = "; ".join(dict.fromkeys(str(code) for code in left))
        raise FreezeError(
            f"{contents.path} holds Python code, which is not run unasked: the layer "
            f"{listed}",
            f"{AS_PYTHON.format(left[0].name)}; or, if you trust who made the file, "
            "add --trust",
        )
    for code in left:
        functions[code.name] = _function(contents, code, custom, keras)
    for code in codes:
        code.refer_to(code.name)
    if not trust:
        _check_references(contents, custom)
        _check_vocabularies(contents)
    for named in named_functions(config, {*custom, *functions}):
        function = own_function(named, keras)
        if function is None:
            raise FreezeError(
                f"the layer {named.layer!r} in {contents.path} calls the function "
                f"{named.name!r} of the module {named.module}; the file holds its name "
                "only, not its code",
                f"{AS_PYTHON.format(named.name)}",
            )
        functions[named.name] = function
    return Allowed(config, functions)


def _check_vocabularies(contents: KerasContents) -> None:
    for layer, path in vocabulary_files(contents.config):
        raise FreezeError(
            f"the layer {layer!r} in {contents.path} reads its vocabulary from {path}, "
            "a file of this machine: it is not in the model, and not read unasked",
            "if this is the vocabulary, add --trust; else save the model with the "
            "words themselves: vocabulary=[…]",
        )


def _function(
    contents: KerasContents, code: EmbeddedCode, custom: Mapping[str, Any], keras: Any
) -> FunctionType:
    """The function whose code the file holds."""
    if fault := fault_of(code.bytecode):
        raise FreezeError(
            f"the code of the layer {code} in {contents.path} was compiled by another "
            f"version of Python and cannot run in this one: {fault}",
            AS_PYTHON.format(code.name),
        )
    names = vars(builtins) | {
        **{"tf": tf, "tensorflow": tf, "np": np, "numpy": np, "math": math},
        **{"keras": keras, "K": keras.backend, "backend": keras.backend},
        **{"layers": keras.layers, "__builtins__": builtins},
        **custom,
    }
    unknown = [name for name in global_names(code.bytecode) if name not in names]
    if unknown:
        raise FreezeError(
            f"the code of the layer {code.layer!r} in {contents.path} uses "
            f"{', '.join(unknown)}, which the file does not hold",
            "bring a module that defines it: --custom MODULE",
        )
    return function_of(code.bytecode, code.defaults, code.closure, names)


def _check_references(contents: KerasContents, custom: Collection[str]) -> None:
    foreign = foreign_references(contents.config, custom)
    outside = [name for name in foreign if name.startswith("tf.")]
    if outside:
        raise FreezeError(
            f"{contents.path} calls {', '.join(outside)}, which may do more than "
            "compute on tensors",
            "if you trust who made the file, add --trust",
        )
    suspicious = [name for name in foreign if name.split(".")[0] in NO_MODELS]
    if suspicious:
        raise FreezeError(
            f"{contents.path} names {', '.join(suspicious)}, which is no part of a "
            "Keras model: loading it could run anything",
            "do not load it, unless you know who made it and why; then add --trust",
        )
    if foreign:
        modules = [name.rpartition(".")[0] for name in foreign]
        raise FreezeError(
            f"{contents.path} needs {', '.join(foreign)}, which Keras does not have; "
            "a module that a file names is not imported unasked",
            f"bring it with --custom MODULE: {modules[0]} if it is a module here that "
            "you trust, or the path of a .py file",
        )
