"""The imports between the modules and between the packages, read from the source."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = (  # from the bottom up; a package imports only from layers below its own
    ("lazy", "locks", "quiet", "whole_files"),
    ("foreign",),
    ("data", "figures", "graphs"),
    ("checkpoints", "profiling"),
    ("freezing",),
    ("inspecting", "serving"),
    ("training",),
    ("commands",),
    ("__main__",),
)
FILES = sorted((ROOT / "helpers").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in (*FILES, *sorted((ROOT / "webapp").rglob("*.py")))
}


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, at any depth, as a dotted name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else str(node.module) for name in names]
    return tuple(found)


def edges() -> dict[str, set[str]]:
    """For each module of this project, the modules of this project that it imports."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        for target in imports_of(path):
            known = target in MODULES or f"{target}.__init__" in MODULES
            if known and target.removesuffix(".__init__") != name:
                graph[name].add(target.removesuffix(".__init__"))
    return graph


def package_of(module: str) -> str:
    """The package of helpers that a module is in; "webapp" for the web app's."""
    parts = module.split(".")
    return parts[0] if parts[0] == "webapp" else parts[1] if len(parts) > 1 else ""


def package_edges() -> dict[str, set[str]]:
    """For each package, the packages that it imports from."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, targets in edges().items():
        packages = {package_of(target) for target in targets}
        graph[package_of(name)] |= packages - {package_of(name)}
    return graph
