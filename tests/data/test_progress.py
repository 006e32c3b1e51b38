"""Progress without a terminal: a line whenever LINE_SECONDS have passed."""

import time

import pytest

from helpers.data import progress as module
from helpers.data.progress import print_line, print_progress_lines, progress
from helpers.data.threads import map_in_threads


@pytest.fixture
def lines(monkeypatch):
    """Lines are printed every twentieth of a second."""
    monkeypatch.setattr(module, "LINE_SECONDS", 0.05)
    print_progress_lines()
    yield
    print_progress_lines(False)


def test_long_work_prints_how_far_it_is(lines, capsys):
    with progress("epoch 1, steps", 500) as add:
        add(120)
        time.sleep(0.4)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) >= 2
    assert set(printed) == {"epoch 1, steps: 120 of 500"}


def test_work_that_cannot_be_counted_prints_its_name(lines, capsys):
    with progress("evaluating"):
        time.sleep(0.3)
    assert "evaluating …" in capsys.readouterr().err.splitlines()


def test_other_lines_put_off_the_next(lines, capsys, monkeypatch):
    monkeypatch.setattr(module, "LINE_SECONDS", 1)  # a busy machine may pause as long
    with progress("validating"):
        for _ in range(30):
            print_line("epoch")
            time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_nothing_is_printed_where_lines_are_not_wanted(monkeypatch, capsys):
    monkeypatch.setattr(module, "LINE_SECONDS", 0.01)
    with progress("evaluating"):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_results_of_threads_keep_their_order():
    items = list(range(5000))
    assert map_in_threads(lambda item: item * 2, items, "") == [2 * i for i in items]


def test_small_items_share_tasks(monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    tasks = []
    submit = ThreadPoolExecutor.submit

    def counted(pool, *arguments):
        tasks.append(arguments)
        return submit(pool, *arguments)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", counted)
    map_in_threads(str, range(10_000), "")
    assert len(tasks) < 10_000 / 20
