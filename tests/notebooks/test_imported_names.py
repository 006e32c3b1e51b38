"""All names that the notebooks import from this project exist; no cell is run."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(notebook: Path, kind: str) -> list[str]:
    """The sources of a notebook's cells of a kind, "code" or "markdown"."""
    found = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def code_of(notebook: Path) -> ast.Module:
    """All code cells as one module, without IPython's `%` and `!` lines."""
    lines = "\n".join(cells(notebook, "code")).splitlines()
    return ast.parse("\n".join(line for line in lines if line[:1] not in "%!"))


def imported(module: str, name: str) -> object:
    """What `from module import name` imports."""
    package = import_module(module)
    if hasattr(package, name):
        return getattr(package, name)
    return import_module(f"{module}.{name}")


def imports(tree: ast.Module) -> list[tuple[str, str]]:
    """The imports from this project, as pairs of module and name."""
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "helpers"
        for alias in node.names
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_name_that_a_notebook_imports_exists(notebook):
    tree = code_of(notebook)
    found = {name: imported(module, name) for module, name in imports(tree)}
    assert found, f"{notebook.name} imports nothing from helpers"
    for node in ast.walk(tree):  # attributes of imported modules: `plots.plot_rss`
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = found.get(node.value.id)
            assert not isinstance(module, ModuleType) or hasattr(module, node.attr)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_file_that_the_prose_names_exists(notebook):
    text = "\n".join(cells(notebook, "markdown"))
    named = re.findall(r"`((?:helpers|webapp|tools|benchmarks)/[\w/]+\.py)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
