"""Prints the size statistics of every notebook.

The columns: cells (without the navigation), ratio of Markdown to code cells, words of
Markdown, lines of a code cell (median and 90th percentile), figures, KB, cells whose
output nbval does not compare, asserts.
"""

import ast
import re
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.run_notebooks import chosen  # noqa: E402


class Figures(NamedTuple):
    """The statistics of one notebook."""

    notebook: str
    cells: int
    md_code: str
    words: int
    median: int
    p90: int
    figures: int
    kb: int
    ignored: int
    asserts: int


def figures_of(path: Path) -> Figures:
    """The statistics of a stored notebook."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "navigation" not in tags_of(cell)]
    markdown = [cell for cell in cells if cell.cell_type == "markdown"]
    code = [cell for cell in cells if cell.cell_type == "code"]
    lines = sorted(sum(map(bool, cell.source.split("\n"))) for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    return Figures(
        path.name[:2],
        len(cells),
        f"{len(markdown) / len(code):.1f}",
        sum(len(re.findall(r"\S*\w\S*", cell.source)) for cell in markdown),
        round(statistics.median(lines)),
        lines[int(0.9 * (len(lines) - 1))],
        sum("image/png" in output.get("data", {}) for output in outputs),
        round(path.stat().st_size / 1000),
        sum("nbval-ignore-output" in tags_of(cell) for cell in code),
        sum(asserts_in(cell.source) for cell in code),
    )


def tags_of(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def asserts_in(source: str) -> int:
    """The number of assert statements in the code."""
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))


def main() -> None:
    print("".join(f"{name:>9}" for name in Figures._fields))
    for path in chosen([]):
        print("".join(f"{value!s:>9}" for value in figures_of(path)))


if __name__ == "__main__":
    main()
