"""Outputs of measured cells stay until the code up to them changes."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.measured_outputs import TAG, keep


def printed(text: str) -> list[nbformat.NotebookNode]:
    return [new_output("stream", name="stdout", text=text)]


def run(milliseconds: str, *tags: str, source: str = "x = 1") -> nbformat.NotebookNode:
    """A notebook, just run, whose second cell has printed a time."""
    cell = new_code_cell("print(ms)", outputs=printed(milliseconds))
    cell.metadata["tags"] = [*tags]
    return new_notebook(cells=[new_code_cell(source), cell])


@pytest.fixture
def stored() -> nbformat.NotebookNode:
    """A notebook that was stored after its first run."""
    notebook = run("7 ms", TAG)
    keep(notebook, copy.deepcopy(notebook))
    return notebook


def test_a_second_run_changes_nothing(stored):
    again = run("9 ms", TAG)
    keep(again, stored)
    assert again.cells[1].outputs == printed("7 ms")
    assert again.cells[1].metadata == stored.cells[1].metadata


def test_changed_code_above_the_cell_brings_a_new_measurement(stored):
    changed = run("9 ms", TAG, source="x = 2")
    keep(changed, stored)
    assert changed.cells[1].outputs == printed("9 ms")
    assert changed.cells[1].metadata != stored.cells[1].metadata


def test_a_cell_without_the_tag_is_always_new(stored):
    untagged = run("9 ms")
    keep(untagged, stored)
    assert untagged.cells[1].outputs == printed("9 ms")


def test_a_measurement_that_was_never_stored_is_new():
    first = run("9 ms", TAG)
    keep(first, run("", TAG))
    assert first.cells[1].outputs == printed("9 ms")
