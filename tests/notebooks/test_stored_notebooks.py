"""The stored notebooks: outputs, size, set-up cell and exercises."""

import re
from pathlib import Path

import nbformat
import pytest

from tools.notebook_figures import asserts_in, tags_of
from tools.run_notebooks import chosen
from tools.write_contents import read

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
    return read(path)


def code_in(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_notebook_is_valid(notebook):
    nbformat.validate(notebook)


def test_stored_outputs_are_of_one_clean_run(path, notebook):
    counts = [cell.execution_count for cell in code_in(notebook)]
    assert counts == list(range(1, len(counts) + 1)), (
        f"{path.name}: the cells were not run once from top to bottom: run "
        f"tools/run_notebooks.py {path.name[:2]}"
    )


def test_no_error_and_no_warning_is_stored(notebook):
    for cell in code_in(notebook):
        if "raises-exception" not in tags_of(cell):
            kinds = {output.get("name", output.output_type) for output in cell.outputs}
            assert not kinds & {"stderr", "error"}, cell.source


def test_stored_outputs_name_no_place_on_this_machine(path, notebook):
    for cell in code_in(notebook):
        found = re.search(r"/(work|tmp|home|root|Users)/\S*", str(cell.outputs))
        assert not found, f"{path.name}, cell {cell.id}: its output has {found[0]}"


def test_notebook_is_light_enough_to_view(path):
    size = path.stat().st_size
    assert size < 300_000, f"{path.name} has {size:,} bytes: fewer or smaller figures"


def test_set_up_begins_with_the_same_lines_everywhere(path, notebook):
    first = code_in(read(PATHS[0]))[0].source
    source = "".join(cell.source for cell in code_in(notebook)[:1])
    option = TRAINING if path == PATHS[0] else EXACT
    assert option in source, (
        f'{path.name}: the first code cell lacks `os.environ["TF_ENABLE{option}`'
    )
    expected, end, _ = first.replace(TRAINING, EXACT).partition(SET_UP_ENDS)
    assert end
    assert source.replace(TRAINING, EXACT).startswith(expected + SET_UP_ENDS), (
        f"{path.name}: the first code cell does not begin as the one of "
        f"{PATHS[0].name}, up to `{SET_UP_ENDS.strip()}`"
    )


def test_no_output_is_left_uncompared_without_an_assert_after_it(notebook):
    cells = code_in(notebook)
    assert not any("nbval-skip" in tags_of(cell) for cell in cells)
    ignored = [place for place, cell in enumerate(cells) if IGNORED in tags_of(cell)]
    assert len(ignored) <= 5
    for place in ignored:
        assert asserts_in(cells[place + 1].source), cells[place].source


def test_every_exercise_has_an_answer_that_is_asserted(path, notebook):
    starts = [
        place
        for place, cell in enumerate(notebook.cells)
        if re.search(r"^## Try it$", cell.source, re.MULTILINE)
    ]
    assert len(starts) == 1, (
        f"{path.name}: {len(starts)} cells have the line `## Try it`"
    )
    texts, checks = "", 0
    for cell in notebook.cells[starts[0] :]:
        if cell.cell_type == "code":
            checks += asserts_in(cell.source)
        else:
            texts += cell.source + "\n"
    asked = re.sub(r"<details>.*?</details>", "", texts, flags=re.DOTALL)
    exercises = len(re.findall(r"^\d+\. ", asked, re.MULTILINE))
    assert 3 <= exercises <= 4, (
        f"{path.name}: {exercises} lines after `## Try it` begin with a number and a "
        "full stop, as 3 or 4 exercises do"
    )
    assert checks >= exercises, (
        f"{path.name}: {checks} asserts after `## Try it`: each exercise needs one"
    )
