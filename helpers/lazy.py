"""Public names of a package that are imported at their first use (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType


class _Package(ModuleType):
    """A package in which a public name is never hidden by the module of that name.

    Importing `helpers.freezing.freeze` makes Python set `helpers.freezing.freeze` to
    that module; here the name stays the function's.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in self.__all__):
            super().__setattr__(name, value)


def public_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], object], list[str]]:
    """`__getattr__` and `__all__` of a package.

    Args:
      package: the package's `__name__`.
      modules: for each module of the package, the public names in it.
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
