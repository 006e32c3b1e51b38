"""A package of helpers imports only from lower layers; there are no import cycles."""

from graphlib import CycleError, TopologicalSorter

import pytest

from tools.import_graph import FILES, LAYERS, ROOT, edges, imports_of, package_edges

LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
WITHOUT_TENSORFLOW = ("data", "figures", "foreign", "locks", "quiet", "whole_files")


@pytest.mark.parametrize("package", LEVEL)
def test_a_package_imports_only_from_the_layers_below_it(package):
    upward = [
        name for name in package_edges()[package] if LEVEL[name] >= LEVEL[package]
    ]
    assert not upward, f"helpers/{package} imports {upward}"


def test_there_is_no_import_cycle():
    try:
        list(TopologicalSorter(edges()).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_no_tensorflow_below_the_layer_that_needs_it(package):
    users = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.relative_to(ROOT / "helpers").parts[0].split(".")[0] == package
        and any(name.split(".")[0] == "tensorflow" for name in imports_of(path))
    ]
    assert users == (["helpers/quiet.py"] if package == "quiet" else [])


def test_every_package_of_helpers_has_its_layer():
    names = {path.relative_to(ROOT / "helpers").parts[0] for path in FILES}
    assert {name.removesuffix(".py") for name in names} == {*LEVEL, "__init__"}


def test_at_most_six_modules_stay_directly_in_helpers():
    assert len(list((ROOT / "helpers").glob("*.py"))) <= 6
