"""Import a function by the name MODULE:FUNCTION.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType


def function_named(name: str) -> Callable[[], object]:
    """The imported function; what it raises becomes a ValueError.

    Args:
      name: as in "helpers.profiling.services:leaky".
    Raises:
      ValueError: there is none, or it cannot be called without arguments.
    """
    module_name, _, function_name = name.partition(":")
    if not (module_name and function_name):
        raise ValueError(
            f"{name!r} is not MODULE:FUNCTION: try "
            "helpers.profiling.services:leaky, for instance"
        )
    module = _imported(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ValueError(_no_function(module, function_name))
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise ValueError(
            f"{name} cannot be called without arguments ({error}): "
            "write a function around it that gives them"
        ) from None
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise ValueError(
            f"{name} only starts when it is awaited or iterated: "
            "write a function around it that does so"
        )
    return _explained(name, function)


def _explained(name: str, function: Callable[[], object]) -> Callable[[], object]:
    @functools.wraps(function)
    def call() -> object:
        try:
            return function()
        except Exception as error:
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ValueError(
                f"{name} raised {what}: it has to work before it can be measured"
            ) from error

    return call


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"there is no module {error.name!r}: run this in the folder that holds it, "
            "or add the folder to PYTHONPATH"
        ) from None
    except Exception as error:  # of the module's own code
        raise ValueError(
            f"{name} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _no_function(module: ModuleType, name: str) -> str:
    known = [key for key, value in vars(module).items() if callable(value)]
    if name in vars(module):
        return f"{module.__name__}:{name} is not a function: give the name of one"
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "check the spelling"
    return f"{module.__name__} has no function {name!r}: {hint}"
