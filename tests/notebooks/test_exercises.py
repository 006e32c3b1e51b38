"""The last cell of a notebook tells right solutions of its exercises from wrong ones.

A notebook is run once, up to the cell `your-answers`. Then, for each solution in
`exercises/notebook_NN.py`, that cell is run with the solution below it, and after it
the cell `check-answers`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebooks.exercises import Solution
from tools.run_notebooks import chosen, stage

NUMBERS = sorted(
    path.stem.removeprefix("notebook_")
    for path in (Path(__file__).parent / "exercises").glob("notebook_*.py")
)
ANSWERS, CHECK = "your-answers", "check-answers"
SECONDS = 600  # a cell may take
Run = Callable[[str], str]  # code, to the error that it ends with or ""


def solutions_of(number: str) -> list[Solution]:
    return import_module(f"tests.notebooks.exercises.notebook_{number}").SOLUTIONS


def cells_of(number: str) -> list[nbformat.NotebookNode]:
    (path,) = chosen([number])
    return nbformat.read(path, as_version=4).cells


@contextmanager
def kernel_before_exercises(number: str, folder: Path) -> Iterator[Run]:
    """Runs code in a kernel in which the notebook was run up to `your-answers`."""
    before = [*takewhile(lambda cell: cell.id != ANSWERS, cells_of(number))]
    learners = nbformat.v4.new_code_cell()
    client = NotebookClient(
        nbformat.v4.new_notebook(cells=[*before, learners]),
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(stage(folder, None))}},
    )

    def run(source: str) -> str:
        learners.source = source
        try:
            client.execute_cell(learners, len(before))
        except CellExecutionError as error:
            return f"{error.ename}: {error.evalue}"
        return ""

    with client.setup_kernel():
        for place, cell in enumerate(before):
            client.execute_cell(cell, place)
        yield run


def misjudged(solution: Solution, sources: dict[str, str], run: Run) -> str:
    """What is wrong with the verdict on a solution, or ""."""
    if error := run(f"{sources[ANSWERS]}\n{solution.code}"):
        return f"{solution.code}\n  fails itself: {error}"
    verdict = run(sources[CHECK])
    if not solution.says:
        return verdict and f"{solution.code}\n  is right, but the cell says {verdict}"
    start = f"AssertionError: {solution.exercise}. "
    if verdict.startswith(start) and solution.says in verdict:
        return ""
    return f"{solution.code}\n  is wrong, but the cell says {verdict or 'nothing'}"


@pytest.mark.parametrize("number", NUMBERS)
def test_every_exercise_has_a_right_and_a_wrong_solution(number):
    asked = "".join(c.source for c in cells_of(number) if "## Try it" in c.source)
    asked = re.sub(r"<details>.*?</details>", "", asked, flags=re.DOTALL)
    exercises = {int(digit) for digit in re.findall(r"^(\d)\. ", asked, re.MULTILINE)}
    solutions = solutions_of(number)
    assert {s.exercise for s in solutions if not s.says} == exercises
    assert {s.exercise for s in solutions if s.says} == exercises


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_the_last_cell_tells_right_from_wrong(number, tmp_path):
    sources = {cell.id: cell.source for cell in cells_of(number)}
    with kernel_before_exercises(number, tmp_path) as run:
        found = [misjudged(each, sources, run) for each in solutions_of(number)]
    assert not any(found), "\n".join(filter(None, found))
