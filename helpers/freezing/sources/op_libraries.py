"""Import the modules that register ops which TensorFlow does not have."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.freezing.errors import FreezeError, first_line


def import_op_libraries(modules: Sequence[str]) -> None:
    """Import modules, or run files, that register ops when they are imported.

    Args:
      modules: dotted names, or paths of `.py` files or of libraries (`.so`).
    Raises:
      FreezeError: one cannot be imported or loaded.
    """
    for name in modules:
        try:
            _import(name)
        except FreezeError:
            raise
        except Exception as error:  # a module may raise anything
            raise FreezeError(
                f"--custom {name} cannot be imported: {first_line(error)}",
                "give the name of an installed module, or the path of a .py or .so "
                "file, that registers the ops; it has to fit this TensorFlow",
            ) from error


def _import(name: str) -> None:
    path = Path(name)
    if path.suffix not in (".py", ".so") and "/" not in name:
        importlib.import_module(name)
        return
    if not path.is_file():
        raise FreezeError(
            f"there is no file {name}",
            "give --custom a module's dotted name, or the path of a .py or .so file",
        )
    if path.suffix == ".so":
        import tensorflow as tf

        tf.load_op_library(str(path.resolve()))
        return
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    finally:
        sys.path.pop(0)
