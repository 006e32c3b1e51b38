"""The table of contents, and the previous/next lines of the notebooks."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools import write_contents

ROOT = Path(__file__).parents[2]


def notebook(text: str) -> nbformat.NotebookNode:
    return new_notebook(cells=[new_markdown_cell(text)])


@pytest.fixture
def course(tmp_path) -> Path:
    """A project with a README and three notebooks."""
    (tmp_path / "notebooks").mkdir()
    for number, title in enumerate(("Freeze it", "Run it", "Serve it"), start=1):
        name = f"{number:02}_{title.lower().replace(' ', '_')}.ipynb"
        text = f"# {title}\n\nWhy? Because."
        nbformat.write(notebook(text), tmp_path / "notebooks" / name)
    text = "# Course\n<!-- contents -->\nold\n<!-- /contents -->\nend\n"
    (tmp_path / "README.md").write_text(text)
    return tmp_path


def test_contents_and_navigation_are_not_stale(capsys):
    status, printed = write_contents.main(ROOT, ["--check"]), capsys.readouterr()
    assert status == 0, printed.out + printed.err


def test_question_is_the_first_sentence_after_the_title():
    text = "# Freeze the graph\n\nWhere is the `.pb`\nfile? It is here."
    found = write_contents.page_of(Path("03_x.ipynb"), notebook(text))
    assert found[1:] == ("03", "Freeze the graph", "Where is the `.pb` file?")


def test_table_links_each_notebook_with_its_question(course):
    assert write_contents.main(course, []) == 0
    readme = (course / "README.md").read_text()
    assert "| 02 | [Run it](notebooks/02_run_it.ipynb) | Why? |" in readme
    assert readme.endswith("<!-- /contents -->\nend\n")
    assert "old" not in readme


def test_navigation_is_the_second_and_the_last_cell(course):
    write_contents.main(course, [])
    cells = nbformat.read(course / "notebooks" / "02_run_it.ipynb", as_version=4).cells
    assert cells[1].source == cells[-1].source
    assert cells[1].source.startswith("← [01 Freeze it](01_freeze_it.ipynb)")
    assert cells[1].source.endswith("[03 Serve it](03_serve_it.ipynb) →")


def test_writing_contents_twice_changes_nothing(course):
    assert write_contents.main(course, ["--check"]) == 1
    assert write_contents.main(course, []) == 0
    assert write_contents.main(course, ["--check"]) == 0


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_file_that_is_no_notebook_is_named(course, text, capsys):
    (course / "notebooks" / "04_x.ipynb").write_text(text)
    assert write_contents.main(course, []) == 1
    assert capsys.readouterr().err == (
        "write_contents: 04_x.ipynb is no notebook: make it in JupyterLab (make lab)\n"
    )


@pytest.mark.parametrize("name", ["03_again.ipynb", "05_x.ipynb"])
def test_numbers_are_in_order(course, name, capsys):
    nbformat.write(notebook("# Again\n\nWhy?"), course / "notebooks" / name)
    assert write_contents.main(course, []) == 1
    error = capsys.readouterr().err
    assert f"{name[:2]}_" in error
    assert "and this one is the 04: name it 04_" in error


def test_pages_that_tell_the_number_of_notebooks_tell_the_right_one():
    count = len(write_contents.numbered(ROOT / "notebooks"))
    word = ("Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")[count - 7]
    for file, text in (
        ("README.md", f"{word} notebooks teach"),
        ("README.md", f"| 01 … {count:02}: the course"),
        ("tools/draw_layout.py", f'"01 … {count:02}, the course"'),
    ):
        found = (ROOT / file).read_text(encoding="utf-8")
        assert text in found, f"{file} lacks `{text}`: there are {count} notebooks"


def test_notebook_without_a_title_is_named(course, capsys):
    path = course / "notebooks" / "04_untitled.ipynb"
    nbformat.write(notebook("## Too deep"), path)
    assert write_contents.main(course, []) == 1
    assert "04_untitled.ipynb: the first cell is not" in capsys.readouterr().err
