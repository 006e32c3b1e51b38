"""Lazily imported public names of a package (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType


class _Package(ModuleType):
    """A package whose public names are not replaced by submodules of the same name.

    After importing the submodule `helpers.freezing.freeze`, Python binds the attribute
    `freeze` of the package to that module. This class ignores the assignment, so that
    `helpers.freezing.freeze` remains the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in self.__all__):
            super().__setattr__(name, value)


def public_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], object], list[str]]:
    """The `__getattr__` and `__all__` of a package.

    Args:
      package: the package's `__name__`.
      modules: the public names of each module, separated by spaces.
    """
    homes = {
        name: f"{package}.{module}"
        for module, names in modules.items()
        for name in names.split()
    }

    def look_up(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    sys.modules[package].__class__ = _Package
    return look_up, sorted(homes)
