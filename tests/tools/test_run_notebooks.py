"""Notebooks are run in a copy of the project, and stored if every cell ran."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import run_notebooks

PATHS = run_notebooks.chosen([])


def test_notebooks_are_chosen_by_how_their_names_begin():
    assert run_notebooks.chosen(["01"]) == PATHS[:1]
    assert run_notebooks.chosen([str(PATHS[0])]) == PATHS[:1]
    with pytest.raises(ValueError, match=r"no notebook begins with '77': there are 01"):
        run_notebooks.chosen(["77"])


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a notebook of one cell; the exit status, and the stored cell."""

    def run(source: str, *options: str) -> tuple[int, nbformat.NotebookNode]:
        path = tmp_path / "01_tried.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
        monkeypatch.setattr(run_notebooks, "NOTEBOOKS", tmp_path)
        status = run_notebooks.main(["01", *options])
        return status, nbformat.read(path, as_version=4).cells[0]

    return run


def test_run_stores_what_the_cells_printed(run):
    status, cell = run("print('one')")
    assert (status, cell.outputs[0].text) == (0, "one\n")


def test_run_stores_nothing_when_a_cell_fails(run, capsys):
    status, cell = run("print('one')\n1 / 0")
    assert (status, cell.outputs) == (1, [])
    error = capsys.readouterr().err
    assert "01_tried.ipynb: " in error
    assert "ZeroDivisionError" in error


def test_run_sees_no_photos_unless_it_is_given_some(run, tmp_path):
    _, cell = run("import os\nprint(sorted(os.listdir('../data')))")
    assert cell.outputs[0].text == "['samples']\n"
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    check = "import os\nassert os.listdir('../data') == ['cat']"
    status, cell = run(check, "--no-store", "--data", str(tmp_path / "photos"))
    assert (status, cell.execution_count) == (0, None)


def test_outputs_with_photos_are_never_stored(run, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run("1", "--data", str(tmp_path))
    assert "never stored: add --no-store" in capsys.readouterr().err


def test_settled_notebook_keeps_tags_only_and_whole_streams():
    pieces = [new_output("stream", name="stdout", text=text) for text in ("a", "b\n")]
    cell = new_code_cell("1", outputs=pieces)
    cell.metadata = {"tags": ["hide"], "execution": {"started": "today"}}
    notebook = run_notebooks.settled(new_notebook(cells=[cell]))
    assert notebook.cells[0].metadata == {"tags": ["hide"]}
    assert [output.text for output in notebook.cells[0].outputs] == ["ab\n"]
    assert notebook.metadata.language_info == {"name": "python"}
