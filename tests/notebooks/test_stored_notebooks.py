"""The stored notebooks: outputs, size, set-up cell and exercises."""

import re
from pathlib import Path

import nbformat
import pytest

from tools.notebook_figures import asserts_in, tags_of
from tools.run_notebooks import chosen

PATHS = chosen([])
EXACT = '_ONEDNN_OPTS"] = "0"  # one rounding order, the same digits'
TRAINING = '_ONEDNN_OPTS"] = "1"  # fast kernels on every CPU'
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


def test_set_up_begins_with_the_same_lines_everywhere(path, notebook):
    first = code_in(nbformat.read(PATHS[0], as_version=4))[0].source
    source = code_in(notebook)[0].source
    assert (TRAINING if path == PATHS[0] else EXACT) in source
    expected, end, _ = first.replace(TRAINING, EXACT).partition(SET_UP_ENDS)
    assert end
    assert source.replace(TRAINING, EXACT).startswith(expected + SET_UP_ENDS)


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
