"""The page of the course is current, and each of its links leads to the right cell."""

import re
from pathlib import Path
from urllib.parse import urldefrag

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tools import write_course

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
MESSAGES = (
    "is not an element of this graph",
    "Attempting to use uninitialized value",
    "is not in graph",
    "float_ref",
    "hangs after a `fork`",
    "module 'tensorflow' has no attribute 'placeholder'",
)


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [re.split(r" \| ", line.strip("| ")) for line in lines[1:]]


def cell_at(link: str) -> nbformat.NotebookNode:
    """The cell that a Markdown link opens."""
    name, anchor = urldefrag(re.search(r"\]\((.+)\)$", link)[1])
    notebook = nbformat.read(FOLDER / name, as_version=4)
    (cell,) = [c for c in notebook.cells if f"cell-id={c.id}" == anchor]
    return cell


def text_of(cell: nbformat.NotebookNode) -> str:
    """The source and the output of a cell, in lower case."""
    return write_course.flat(f"{cell.source} {write_course.outputs_of(cell)}")


def test_page_is_not_stale(capsys):
    status, printed = write_course.main(ROOT, ["--check"]), capsys.readouterr()
    assert status == 0, printed.out + printed.err


@pytest.mark.parametrize("path", FOLDER.glob("[0-9]*.ipynb"), ids=lambda p: p.name[:2])
def test_every_notebook_is_in_the_table_with_a_figure_and_its_time(path):
    rows = [line for line in README.splitlines() if f"]({path.name})**" in line]
    assert rows, f"notebooks/README.md has no {path.name}: run tools/write_course.py"
    figure, text, time = rows[0].strip("|").split(" | ")
    source = re.search(r'src="([^"]+)"', figure)
    assert source, f"{path.name} shows no figure, and the page of the course needs one"
    assert (FOLDER / source[1]).exists()
    assert re.search(r"<br>.*[?.]$", text)
    assert re.search(r"minute|second", time)


def test_figures_are_small_files_that_can_be_drawn():
    files = sorted((FOLDER / "figures").iterdir())
    assert sum(file.stat().st_size for file in files) < 400_000
    for file in files:
        is_svg = file.suffix == ".svg" and file.read_text().startswith("<svg")
        assert is_svg or Image.open(file).width > 200


def test_words_are_twenty_in_order():
    words = [row[0] for row in rows_of("Twenty words")]
    assert len(words) == 20
    assert words == sorted(words, key=str.lower)


@pytest.mark.parametrize("row", rows_of("Twenty words"), ids=lambda row: row[0])
def test_a_word_is_met_in_the_cell_it_links_to(row):
    word, meaning, link = row
    assert meaning.endswith(".")
    stems = (word, word.rstrip("e"), word.replace(" ", "_"), f"{word[:-1]}s")
    assert any(stem.lower() in text_of(cell_at(link)) for stem in stems)


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_that_people_search_for_are_in_the_table(message):
    assert any(message in row[0] for row in rows_of("Error messages"))


@pytest.mark.parametrize("row", rows_of("Error messages"), ids=lambda row: row[0])
def test_a_message_is_in_the_cell_that_causes_it_and_a_cell_fixes_it(row):
    message, meaning, caused, fixed = row
    for quoted in re.findall(r"`([^`]+)`", message):
        assert quoted.lower() in text_of(cell_at(caused))
    assert meaning
    assert cell_at(fixed)


@pytest.fixture
def course(tmp_path):
    """A project with one notebook and a template of the course page."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "course.md").write_text('<!-- map -->\n[](01 "no  LUCK")\n')
    output = new_output("stream", name="stdout", text="ValueError: no luck\n")
    cells = [
        new_markdown_cell("# Try\n\nWhy? So.\n\n**Takes** a minute."),
        new_markdown_cell("## Fail"),
        new_code_cell("print('no luck')  # in the source only", id="source"),
        new_code_cell("fail()", id="failed", outputs=[output]),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01_try.ipynb")
    return tmp_path


def test_a_link_prefers_a_cell_s_output_to_its_source(course):
    assert write_course.main(course, []) == 0
    written = (course / "notebooks" / "README.md").read_text()
    assert "[01 Fail](01_try.ipynb#cell-id=failed)\n" in written
    assert "**[01 Try](01_try.ipynb)**<br>Why? | a minute |\n" in written


def test_a_figure_that_no_notebook_has_is_removed(course):
    (course / "notebooks" / "figures").mkdir()
    old = course / "notebooks" / "figures" / "07.png"
    old.write_bytes(b"old")
    assert write_course.main(course, []) == 0
    assert not old.exists()


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ('[](01 "no message")', "no cell of 01_try.ipynb has 'no message'"),
        ('[](02 "no luck")', "tools/course.md names notebook 02: there is none"),
    ],
)
def test_a_link_to_nothing_is_refused(course, link, error, capsys):
    (course / "tools" / "course.md").write_text(link)
    assert write_course.main(course, []) == 1
    assert capsys.readouterr().err == f"write_course: {error}\n"
    assert not (course / "notebooks" / "README.md").exists()


def test_a_notebook_must_say_how_long_it_takes(course, capsys):
    path = course / "notebooks" / "01_try.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Try\n\nWhy?")]), path)
    (course / "tools" / "course.md").write_text("<!-- map -->")
    assert write_course.main(course, []) == 1
    assert capsys.readouterr().err == (
        "write_course: 01_try.ipynb: the first cell has no line like "
        "`**Takes** half a minute.`\n"
    )
