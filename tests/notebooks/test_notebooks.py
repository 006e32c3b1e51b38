"""The stored notebooks, and the tools that run them and write their contents."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebook_figures, run_notebooks, write_contents
from tools.notebook_figures import asserts_in, figures_of, tags_of

ROOT = Path(__file__).parents[2]
PATHS = run_notebooks.chosen([])
SET_UP_ENDS = "tf1.logging.set_verbosity(tf1.logging.ERROR)\n"
IGNORED = "nbval-ignore-output"


@pytest.fixture(params=PATHS, ids=[path.stem[:2] for path in PATHS])
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_in(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_notebook_is_valid(notebook):
    nbformat.validate(notebook)


def test_stored_outputs_are_of_one_clean_run(notebook):
    counts = [cell.execution_count for cell in code_in(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_error_and_no_warning_is_stored(notebook):
    for cell in code_in(notebook):
        if "raises-exception" not in tags_of(cell):
            kinds = {output.get("name", output.output_type) for output in cell.outputs}
            assert not kinds & {"stderr", "error"}, cell.source


def test_stored_outputs_name_no_place_on_this_machine(notebook):
    for cell in code_in(notebook):
        assert not re.search(r"/(work|tmp|home|root|Users)/", str(cell.outputs))


def test_notebook_is_light_enough_to_view(path):
    assert path.stat().st_size < 300_000


def test_set_up_begins_with_the_same_lines_everywhere(notebook):
    first = nbformat.read(PATHS[0], as_version=4)
    expected, end, _ = code_in(first)[0].source.partition(SET_UP_ENDS)
    assert end
    assert code_in(notebook)[0].source.startswith(expected + SET_UP_ENDS)


def test_no_output_is_left_uncompared_without_an_assert_after_it(notebook):
    cells = code_in(notebook)
    assert not any("nbval-skip" in tags_of(cell) for cell in cells)
    ignored = [place for place, cell in enumerate(cells) if IGNORED in tags_of(cell)]
    assert len(ignored) <= 5
    for place in ignored:
        assert asserts_in(cells[place + 1].source), cells[place].source


def test_every_exercise_has_an_answer_that_is_asserted(notebook):
    (start,) = [
        place
        for place, cell in enumerate(notebook.cells)
        if re.search(r"^## Try it$", cell.source, re.MULTILINE)
    ]
    texts, checks = "", 0
    for cell in notebook.cells[start:]:
        if cell.cell_type == "code":
            checks += asserts_in(cell.source)
        else:
            texts += cell.source + "\n"
    asked = re.sub(r"<details>.*?</details>", "", texts, flags=re.DOTALL)
    exercises = len(re.findall(r"^\d+\. ", asked, re.MULTILINE))
    assert 3 <= exercises <= 4
    assert checks >= exercises


def test_contents_and_navigation_are_not_stale(capsys):
    assert write_contents.main(ROOT, ["--check"]) == 0, capsys.readouterr().out


def page(title: str = "Freeze the graph", text: str = "Why? Because.", *cells):
    return new_notebook(cells=[new_markdown_cell(f"# {title}\n\n{text}"), *cells])


def course(folder: Path, *titles: str) -> Path:
    """A project with a README and notebooks of these titles."""
    (folder / "notebooks").mkdir()
    for number, title in enumerate(titles, start=1):
        name = f"{number:02}_{title.lower().replace(' ', '_')}.ipynb"
        nbformat.write(page(title), folder / "notebooks" / name)
    text = "# Course\n<!-- contents -->\nold\n<!-- /contents -->\nend\n"
    (folder / "README.md").write_text(text)
    return folder


def test_question_is_the_first_sentence_after_the_title():
    found = write_contents.page_of(
        Path("03_x.ipynb"), page(text="Where is the `.pb`\nfile? It is here.")
    )
    assert found[1:] == ("03", "Freeze the graph", "Where is the `.pb` file?")


def test_table_links_each_notebook_with_its_question(tmp_path):
    root = course(tmp_path, "Freeze it", "Run it")
    assert write_contents.main(root, []) == 0
    readme = (root / "README.md").read_text()
    assert "| 02 | [Run it](notebooks/02_run_it.ipynb) | Why? |" in readme
    assert readme.endswith("<!-- /contents -->\nend\n")
    assert "old" not in readme


def test_navigation_is_the_second_and_the_last_cell(tmp_path):
    root = course(tmp_path, "Freeze it", "Run it", "Serve it")
    write_contents.main(root, [])
    cells = nbformat.read(root / "notebooks" / "02_run_it.ipynb", as_version=4).cells
    assert cells[1].source == cells[-1].source
    assert cells[1].source.startswith("← [01 Freeze it](01_freeze_it.ipynb)")
    assert cells[1].source.endswith("[03 Serve it](03_serve_it.ipynb) →")


def test_writing_contents_twice_changes_nothing(tmp_path, capsys):
    root = course(tmp_path, "Freeze it", "Run it")
    assert write_contents.main(root, ["--check"]) == 1
    assert write_contents.main(root, []) == 0
    assert write_contents.main(root, ["--check"]) == 0
    assert "README.md is stale" in capsys.readouterr().out


@pytest.mark.parametrize(
    "readme",
    ["no marker", "<!-- contents -->", "<!-- /contents --> <!-- contents -->"],
    ids=["none", "one", "wrong way round"],
)
def test_readme_without_its_markers_is_left_alone(tmp_path, readme, capsys):
    root = course(tmp_path, "Freeze it")
    (root / "README.md").write_text(readme)
    assert write_contents.main(root, []) == 1
    assert (root / "README.md").read_text() == readme
    assert capsys.readouterr().err == (
        "write_contents: README.md needs one line <!-- contents --> and after it one "
        "line <!-- /contents -->: what is generated is written between them\n"
    )


def test_notebook_without_a_title_is_named(tmp_path, capsys):
    root = course(tmp_path, "Freeze it")
    untitled = new_notebook(cells=[new_markdown_cell("## Too deep")])
    nbformat.write(untitled, root / "notebooks" / "02_untitled.ipynb")
    assert write_contents.main(root, []) == 1
    assert "02_untitled.ipynb: the first cell is not" in capsys.readouterr().err


def test_notebooks_are_chosen_by_how_their_names_begin():
    assert run_notebooks.chosen(["01"]) == PATHS[:1]
    assert run_notebooks.chosen([str(PATHS[0])]) == PATHS[:1]
    with pytest.raises(
        ValueError, match=r"^no notebook begins with '77': there are 01"
    ):
        run_notebooks.chosen(["77"])


@pytest.fixture
def running(tmp_path, monkeypatch):
    """Runs a notebook with this code as tools/run_notebooks.py would."""

    def run(source: str, *options: str) -> tuple[int, nbformat.NotebookNode]:
        path = tmp_path / "01_tried.ipynb"
        nbformat.write(page("Tried", "Why?", new_code_cell(source)), path)
        monkeypatch.setattr(run_notebooks, "NOTEBOOKS", tmp_path)
        status = run_notebooks.main(["01", *options])
        return status, nbformat.read(path, as_version=4)

    return run


def test_run_stores_what_the_cells_printed(running):
    status, notebook = running("print('one')")
    assert status == 0
    assert notebook.cells[-1].outputs[0].text == "one\n"


def test_run_stores_nothing_when_a_cell_fails(running, capsys):
    status, notebook = running("print('one')\n1 / 0")
    assert status == 1
    assert notebook.cells[-1].outputs == []
    error = capsys.readouterr().err
    assert "01_tried.ipynb: " in error
    assert "ZeroDivisionError" in error


def test_run_sees_no_photos_unless_it_is_given_some(running, tmp_path):
    listing = "import os\nprint(sorted(os.listdir('../data')))"
    _, notebook = running(listing)
    assert notebook.cells[-1].outputs[0].text == "['samples']\n"
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    check = "import os\nassert os.listdir('../data') == ['cat']"
    status, notebook = running(check, "--no-store", "--data", str(tmp_path / "photos"))
    assert status == 0
    assert notebook.cells[-1].execution_count is None


def test_outputs_with_photos_are_never_stored(running, tmp_path, capsys):
    with pytest.raises(SystemExit):
        running("1", "--data", str(tmp_path))
    assert "never stored: add --no-store" in capsys.readouterr().err


def test_settled_notebook_keeps_tags_only_and_whole_streams():
    pieces = [new_output("stream", name="stdout", text=text) for text in ("a", "b\n")]
    cell = new_code_cell("1", outputs=pieces)
    cell.metadata = {"tags": [IGNORED], "execution": {"started": "today"}}
    notebook = run_notebooks.settled(new_notebook(cells=[cell]))
    assert notebook.cells[0].metadata == {"tags": [IGNORED]}
    assert [output.text for output in notebook.cells[0].outputs] == ["ab\n"]
    assert notebook.metadata.language_info == {"name": "python"}


def test_figures_count_what_the_style_speaks_of(tmp_path):
    cell = new_code_cell("x = 1\n\nassert x\nassert x > 0")
    cell.metadata.tags = [IGNORED]
    path = tmp_path / "01_x.ipynb"
    nbformat.write(page("Freeze", "Why so small?", cell), path)
    figures = figures_of(path)
    assert figures.cells == 2
    assert figures.words == 4
    assert (figures.median, figures.ignored, figures.asserts) == (3, 1, 2)


def test_figures_are_printed_a_line_for_each_notebook(capsys):
    notebook_figures.main([])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(PATHS)
    assert lines[0].split()[-1] == "seconds"


def test_lesson_card_is_the_one_that_notebook_01_writes():
    from helpers.training.lesson_checkpoint import LESSON_CARD

    cells = code_in(nbformat.read(PATHS[0], as_version=4))
    (source,) = [cell.source for cell in cells if cell.source.startswith("card = ")]
    lines = [part for part in ast.parse(source).body if "card" in ast.unparse(part)]
    scope = {"examples": SimpleNamespace(source="2 drawings")}
    exec(ast.unparse(lines[:3]), scope)
    assert scope["card"] == LESSON_CARD | {"data": "2 drawings"}


@pytest.fixture(scope="module")
def lesson(tmp_path_factory) -> Path:
    """The folder that lesson_checkpoint fills in a process of its own."""
    folder = tmp_path_factory.mktemp("checkpoints") / "lesson"
    make = "import sys; from helpers.training import lesson_checkpoint as make; "
    make += "print(make(sys.argv[1]))"
    command = [sys.executable, "-c", make, str(folder)]
    said = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert said.startswith("notebook 01 has not been run: its network learns 240 draw")
    assert said.endswith(f"{folder}/model-ckpt\n")
    return folder


def test_lesson_checkpoint_is_the_four_files_and_nothing_else(lesson):
    assert sorted(file.name for file in lesson.iterdir()) == [
        "checkpoint",
        "model-ckpt.data-00000-of-00001",
        "model-ckpt.index",
        "model-ckpt.meta",
    ]


def test_lesson_checkpoint_is_found_where_its_checkpoint_file_says(lesson):
    import tensorflow as tf

    assert tf.train.latest_checkpoint(str(lesson)) == f"{lesson}/model-ckpt"


def test_lesson_checkpoint_is_made_once(lesson, capsys):
    from helpers.training.lesson_checkpoint import lesson_checkpoint

    before = {file: file.stat().st_mtime_ns for file in lesson.iterdir()}
    assert lesson_checkpoint(lesson) == f"{lesson}/model-ckpt"
    assert {file: file.stat().st_mtime_ns for file in lesson.iterdir()} == before
    assert capsys.readouterr().out == f"{lesson}/model-ckpt is there\n"
