"""What the notebooks import from this project exists; no cell is run."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(notebook: Path, kind: str) -> list[str]:
    found = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def code_of(notebook: Path) -> ast.Module:
    """All code cells as one module, without the lines that are IPython's."""
    lines = "\n".join(cells(notebook, "code")).splitlines()
    return ast.parse("\n".join(line for line in lines if line[:1] not in "%!"))


def names_in(module: str) -> set[str]:
    """What can be imported from a module or a package; empty where there is none."""
    path = ROOT / module.replace(".", "/")
    modules = {file.stem for file in path.glob("*.py")}
    return modules | public_in(module) if modules else defined_in(path)


def public_in(package: str) -> set[str]:
    """The names that a package itself defines or makes public."""
    return defined_in(ROOT / package.replace(".", "/") / "__init__")


def defined_in(path: Path) -> set[str]:
    """The names in a file, given without `.py`; empty where it does not exist."""
    path = path.with_suffix(".py")
    if not path.exists():
        return set()
    tree, found = ast.parse(path.read_text()), set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):  # public_names(__name__, {"module": "name name"})
        call = node.func if isinstance(node, ast.Call) else None
        if isinstance(call, ast.Name) and call.id == "public_names":
            for value in node.args[1].values:
                found |= set(value.value.split())
    return found


def imports(tree: ast.Module) -> list[tuple[str, str]]:
    """Each module of this project that is imported from, and the name taken."""
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "helpers"
        for alias in node.names
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_name_that_a_notebook_imports_is_there(notebook):
    found = imports(code_of(notebook))
    assert found
    missing = [pair for pair in found if pair[1] not in names_in(pair[0])]
    assert not missing, f"{notebook.name} imports what is not there: {missing}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_attribute_of_an_imported_module_is_there(notebook):
    tree = code_of(notebook)
    modules = {
        name: f"{package}.{name}"
        for package, name in imports(tree)
        if name not in public_in(package) and names_in(f"{package}.{name}")
    }
    used = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    }
    missing = [f"{a}.{b}" for a, b in used if b not in names_in(modules[a])]
    assert not missing


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_file_that_the_prose_names_is_there(notebook):
    text = "\n".join(cells(notebook, "markdown"))
    named = re.findall(r"`((?:helpers|webapp|tools|benchmarks)/[\w/]+\.py)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
