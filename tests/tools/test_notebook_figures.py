"""The size statistics of the notebooks."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import notebook_figures, run_notebooks


def test_cells_words_lines_and_asserts_are_counted(tmp_path):
    cell = new_code_cell("x = 1\n\nassert x\nassert x > 0")
    cell.metadata.tags = ["nbval-ignore-output"]
    title = new_markdown_cell("# Freeze\n\nWhy so small?")
    path = tmp_path / "01_x.ipynb"
    nbformat.write(new_notebook(cells=[title, cell]), path)
    found = notebook_figures.figures_of(path)
    assert (found.cells, found.words) == (2, 4)
    assert (found.median, found.ignored, found.asserts) == (3, 1, 2)


def test_each_notebook_has_a_line(capsys):
    notebook_figures.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(run_notebooks.chosen([]))
    assert lines[0].split()[-1] == "asserts"
