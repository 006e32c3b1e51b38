"""Use `tf_keras`, the Keras 2 that is still kept, beside Keras 3 in one process."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from helpers.freezing.errors import FreezeError

PLACES = ("keras", "tensorflow.keras")


def import_tf_keras() -> ModuleType:
    """The module `tf_keras`, imported at its first use.

    Raises:
      FreezeError: it is not installed.
    """
    try:
        return importlib.import_module("tf_keras")
    except ImportError as error:
        raise FreezeError(
            f"a Keras 2 model needs tf_keras, which cannot be imported: {error}",
            "install it: pip install tf_keras, of TensorFlow's own version",
        ) from error


@contextmanager
def keras_2_for_imports() -> Iterator[ModuleType]:
    """Within it, `import keras` and `tf.keras` are tf_keras; then as they were.

    Code that was written for Keras 2 imports it by these names, and may use them each
    time that one of its layers is called.
    """
    import tensorflow as tf

    tf_keras = import_tf_keras()
    keras_3 = tf.keras  # a lazy module: resolved before it is replaced
    stored = _modules_of_keras()
    for name in stored:
        del sys.modules[name]
    for name, module in _parts(tf_keras).items():
        for place in PLACES:
            sys.modules[f"{place}{name}"] = module
    attributes = vars(tf)
    had, before = "keras" in attributes, attributes.get("keras", keras_3)
    attributes["keras"] = tf_keras
    legacy = os.environ.get("TF_USE_LEGACY_KERAS")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    try:
        yield tf_keras
    finally:
        if legacy is None:
            del os.environ["TF_USE_LEGACY_KERAS"]
        else:
            os.environ["TF_USE_LEGACY_KERAS"] = legacy
        if had:
            attributes["keras"] = before
        else:
            del attributes["keras"]
        for name in _modules_of_keras():
            del sys.modules[name]
        sys.modules.update(stored)


def _modules_of_keras() -> dict[str, Any]:
    """The imported modules that are `keras`, `tf.keras` or in one of them."""
    return {
        name: module
        for name, module in sys.modules.items()
        if any(name == place or name.startswith(f"{place}.") for place in PLACES)
    }


def _parts(tf_keras: ModuleType) -> dict[str, ModuleType]:
    """The public modules of tf_keras, by the end of their name: "", ".layers", …"""
    found = {"": tf_keras}
    for name, module in vars(tf_keras).items():
        if isinstance(module, ModuleType) and not name.startswith("_"):
            found[f".{name}"] = module
            found |= {
                f".{name}.{inner}": part
                for inner, part in vars(module).items()
                if isinstance(part, ModuleType) and not inner.startswith("_")
            }
    return found
