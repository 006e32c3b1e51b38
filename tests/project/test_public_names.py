"""Each package of helpers exports its public names, and imports nothing large."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("helpers/*/__init__.py"))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_public_name_is_what_its_module_defines(name):
    package = import_module(f"helpers.{name}")
    assert package.__all__
    for public in package.__all__:
        value = getattr(package, public)
        assert value.__module__.startswith(f"helpers.{name}.")
        assert value.__name__ == public


@pytest.mark.parametrize("name", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(name):
    package = import_module(f"helpers.{name}")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        package.nothing  # noqa: B018  the look-up is the test


def test_a_module_of_the_same_name_does_not_hide_a_function():
    module = import_module("helpers.freezing.freeze")
    package = import_module("helpers.freezing")
    assert package.freeze is module.freeze


def test_importing_the_packages_imports_no_large_library():
    code = f"import sys; import {', '.join(f'helpers.{name}' for name in PACKAGES)}\n"
    code += "print({'tensorflow', 'matplotlib', 'numpy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "set()\n", done.stderr
