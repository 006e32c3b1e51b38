"""Import the modules that define a model's custom classes and functions."""

import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.freezing.errors import FreezeError

HOW = "give a module's dotted name, or the path of a .py file"


def custom_objects(modules: Sequence[str]) -> dict[str, Any]:
    """The classes and functions of these modules, by their names.

    Each module is imported anew, since its classes derive from those of the Keras that
    it finds; classes that it registers with Keras are found by Keras itself.

    Args:
      modules: dotted names, or paths of `.py` files.
    Raises:
      FreezeError: there is no such module, or importing it fails.
    """
    found: dict[str, Any] = {}
    for name in modules:
        found |= _public_objects(_import(name))
    return found


def _public_objects(module: ModuleType) -> dict[str, Any]:
    """Its classes and functions, without those that are Keras's own."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("__")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and not _is_of_keras(value)
    }


def _is_of_keras(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] in ("keras", "tf_keras")


def _import(name: str) -> ModuleType:
    """The module, run anew and with its own folder on the search path."""
    path = Path(name)
    is_file = path.suffix == ".py" or "/" in name
    if is_file and not path.is_file():
        raise FreezeError(f"there is no file {name}", HOW)
    before, searched = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(path.resolve().parent) if is_file else "")
    loaded: dict[str, ModuleType] = {}
    try:
        if is_file:
            spec = importlib.util.spec_from_file_location(path.stem, path)
        else:
            loaded = _forget(name)
            spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            raise FreezeError(f"there is no module {name!r}", HOW)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    except ModuleNotFoundError as error:
        if error.name and name.split(".")[0] == error.name:
            raise FreezeError(f"there is no module {name!r}", HOW) from error
        raise _failed(name, error) from error
    except FreezeError:
        raise
    except Exception as error:  # whatever the module raises
        raise _failed(name, error) from error
    finally:
        sys.path[:] = searched
        _drop_new(before, path.stem if is_file else name.split(".")[0], path.parent)
        sys.modules.update(loaded)


def _forget(name: str) -> dict[str, ModuleType]:
    """Remove a module, and what is in its package, from those imported; return them."""
    top = name.split(".")[0]
    found = {
        n: m for n, m in sys.modules.items() if n == top or n.startswith(f"{top}.")
    }
    for known in found:
        del sys.modules[known]
    return found


def _drop_new(before: set[str], top: str, folder: Path) -> None:
    """Forget what was imported from the module's package or from its folder."""
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        beside = file is not None and Path(file).parent == folder.resolve()
        if beside or name == top or name.startswith(f"{top}."):
            del sys.modules[name]


def _failed(name: str, error: Exception) -> FreezeError:
    cause = (str(error).splitlines() or [""])[0]
    return FreezeError(
        f"{name} cannot be imported: {type(error).__name__}: {cause}",
        "mend it so that `import` of it alone works",
    )
