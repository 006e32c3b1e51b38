"""The first code cells, which fetch the project where a notebook is opened alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import write_first_cells

ROOT = Path(__file__).parents[2]
OWN = "\nimport json\n"


@pytest.fixture
def course(tmp_path) -> Path:
    """A project with a README and one notebook, whose beginning is another."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("<!-- badges -->\n<!-- /badges -->\n")
    cells = [new_markdown_cell("# Try"), new_code_cell(f"{write_first_cells.END}{OWN}")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01_try.ipynb")
    return tmp_path


def test_first_cells_and_badges_are_not_stale(capsys):
    status = write_first_cells.main(ROOT, ["--check"])
    assert status == 0, capsys.readouterr().out


def test_the_beginning_is_replaced_and_the_rest_stays(course):
    assert write_first_cells.main(course, []) == 0
    assert write_first_cells.main(course, ["--check"]) == 0
    (_, cell) = nbformat.read(course / "notebooks" / "01_try.ipynb", 4).cells
    assert cell.source.startswith("import os\nimport sys\n")
    assert write_first_cells.REPOSITORY in cell.source
    assert cell.source.endswith(write_first_cells.END + OWN)


def test_badges_name_the_branch_and_the_first_notebook(course):
    write_first_cells.main(course, [])
    readme = (course / "README.md").read_text()
    assert "?labpath=notebooks%2FREADME.md)" in readme
    assert "/blob/main/notebooks/01_try.ipynb)" in readme


def test_a_notebook_without_the_line_is_named(course, capsys):
    path = course / "notebooks" / "01_try.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), path)
    assert write_first_cells.main(course, []) == 1
    assert "01_try.ipynb: the first code cell has no line" in capsys.readouterr().err


@pytest.fixture
def origin(tmp_path) -> Path:
    """A repository with what the first cell needs of this project."""
    folder = tmp_path / "origin"
    for name in ("helpers", "binder"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "README.md").touch()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, *command], check=True)
    return folder


@pytest.mark.slow
def test_the_cell_fetches_the_project_into_an_empty_folder(origin, tmp_path):
    cell = write_first_cells.BEGINNING.format(rounding='"0"', repository="none")
    empty = tmp_path / "empty"
    empty.mkdir()
    where = {"COURSE_REPOSITORY": str(origin), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for _ in range(2):  # the second time, after a restart, it is there already
        done = subprocess.run(
            [sys.executable, "-c", f"{cell}\nprint(tf.__version__, os.getcwd())"],
            cwd=empty,
            env=os.environ | where,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f" {empty}/freeze-serve/notebooks\n")
