"""Print the figures of every notebook that the house style speaks of.

    tools/notebook_figures.py          what can be read
    tools/notebook_figures.py --run    and the seconds that each takes

cells (but the generated lines) and their Markdown to code ratio, words of Markdown,
lines of a code cell (median and 90th percentile), figures, KB, seconds, cells whose
output is not compared, asserts.
"""

import ast
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.run_notebooks import chosen, run, stage  # noqa: E402


class Figures(NamedTuple):
    """One line of the table."""

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
    """The figures of a stored notebook."""
    notebook = nbformat.read(path, as_version=4)
    written = [cell for cell in notebook.cells if "navigation" not in tags_of(cell)]
    markdown = [cell for cell in written if cell.cell_type == "markdown"]
    code = [cell for cell in written if cell.cell_type == "code"]
    lines = sorted(_lines(cell.source) for cell in code)
    return Figures(
        path.name[:2],
        len(written),
        f"{len(markdown) / len(code):.1f}",
        sum(len(re.findall(r"\S*\w\S*", cell.source)) for cell in markdown),
        round(statistics.median(lines)),
        lines[int(0.9 * (len(lines) - 1))],
        sum(_pictures(cell) for cell in code),
        round(path.stat().st_size / 1000),
        sum("nbval-ignore-output" in tags_of(cell) for cell in code),
        sum(asserts_in(cell.source) for cell in code),
    )


def tags_of(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def asserts_in(source: str) -> int:
    """How many assert statements the code has."""
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))


def _lines(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


def _pictures(cell: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def seconds_of(paths: list[Path]) -> list[float]:
    """How long each takes, one after the other, as on a new clone."""
    taken = []
    with tempfile.TemporaryDirectory(prefix="notebooks-") as temporary:
        folder = stage(Path(temporary), None)
        for path in paths:
            started = time.perf_counter()
            run(path, folder)
            taken.append(time.perf_counter() - started)
    return taken


def main(arguments: list[str]) -> None:
    paths = chosen([])
    seconds = seconds_of(paths) if "--run" in arguments else [None] * len(paths)
    print("".join(f"{name:>9}" for name in (*Figures._fields, "seconds")))
    for path, taken in zip(paths, seconds, strict=True):
        shown = "-" if taken is None else f"{taken:.0f}"
        print("".join(f"{value!s:>9}" for value in (*figures_of(path), shown)))


if __name__ == "__main__":
    main(sys.argv[1:])
