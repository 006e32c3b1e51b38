"""The packages import each other in one direction only."""

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (  # from the bottom up; a package imports only from layers below its own
    ("lazy", "quiet", "whole_files"),
    ("data", "figures", "graphs"),
    ("checkpoints", "profiling"),
    ("freezing",),
    ("inspecting", "serving"),
    ("training",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
WITHOUT_TENSORFLOW = ("data", "figures", "quiet", "whole_files")
FILES = sorted((ROOT / "helpers").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in (*FILES, *(ROOT / "webapp").rglob("*.py"))
}


def imports_of(path: Path) -> list[str]:
    """Every module that a file imports, at any depth, as a dotted name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else node.module for name in names]
    return found


def edges(packages: bool) -> dict[str, set[str]]:
    """Who imports whom, of this project: modules, or the packages of helpers."""
    graph = defaultdict(set)
    for name, path in MODULES.items():
        for target in imports_of(path):
            if target not in MODULES and f"{target}.__init__" not in MODULES:
                continue
            pair = (name, target.removesuffix(".__init__"))
            if packages:
                pair = tuple(part.split(".")[1] for part in pair if "helpers" in part)
            if len(set(pair)) == 2:
                graph[pair[0]].add(pair[1])
    return graph


@pytest.mark.parametrize("package", LEVEL)
def test_a_package_imports_only_from_the_layers_below_it(package):
    upward = [
        name for name in edges(packages=True)[package] if LEVEL[name] >= LEVEL[package]
    ]
    assert not upward, f"helpers/{package} imports {upward}"


def test_no_import_goes_round_in_a_circle():
    try:
        list(TopologicalSorter(edges(packages=False)).static_order())
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
