"""The counts of photos and connections that the workers share."""

import pytest

from webapp.serving import shared_state
from webapp.serving.in_flight import InFlightCounter
from webapp.serving.shared_state import KEPT_MARKS, WorkerState, create_state


def test_photos_are_counted_with_those_of_the_other_workers(tmp_path):
    create_state(tmp_path, 2)
    one, other = (
        InFlightCounter(WorkerState(tmp_path, n).in_flight, n) for n in range(2)
    )
    assert [one.enter(3), other.enter(3), one.enter(3)] == [True] * 3
    assert not other.enter(3)
    one.leave()
    assert other.enter(3)


def test_the_count_of_a_dead_worker_is_cleared(tmp_path):
    create_state(tmp_path, 2)
    dead = WorkerState(tmp_path, 0)
    assert InFlightCounter(dead.in_flight, 0).enter(1)
    living = InFlightCounter(WorkerState(tmp_path, 1).in_flight, 1)
    assert not living.enter(1)
    dead.leave()
    assert living.enter(1)


def test_a_connection_goes_to_the_worker_with_the_fewest(tmp_path):
    create_state(tmp_path, 3)
    first, second = (WorkerState(tmp_path, n) for n in range(2))  # the third loads
    first.join()
    assert first.is_next(50)  # no other worker serves
    second.join()
    assert not first.is_next(50)
    assert second.is_next(0)
    assert second.is_next(51)
    assert not second.is_next(52)
    first.leave()
    assert second.is_next(52)


def test_reloads_leave_no_marks_that_grow(tmp_path):
    create_state(tmp_path, 2)
    workers = [WorkerState(tmp_path, n) for n in range(2)]
    loads = [worker.synchronized(lambda path: path) for worker in workers]
    numbers = set()
    for version in range(40):
        for load in loads:
            load(tmp_path / f"{version}.pb")
        numbers.add(len([*tmp_path.glob("loaded-*")]))
    assert max(numbers) == 2 * KEPT_MARKS


def test_a_worker_that_starts_waits_for_no_other(tmp_path, monkeypatch):
    create_state(tmp_path, 2)
    WorkerState(tmp_path, 0).join()
    starting = WorkerState(tmp_path, 1)
    monkeypatch.setattr(shared_state.time, "sleep", pytest.fail)
    assert starting.synchronized(lambda path: "model")(tmp_path / "1.pb") == "model"


def test_a_serving_worker_waits_until_the_others_have_loaded(tmp_path, monkeypatch):
    create_state(tmp_path, 2)
    first, second = (WorkerState(tmp_path, n) for n in range(2))
    for worker in (first, second):
        worker.join()
    load, slept = second.synchronized(lambda path: path), []
    monkeypatch.setattr(
        shared_state.time, "sleep", lambda _: slept.append(load(tmp_path / "1.pb"))
    )
    first.synchronized(lambda path: path)(tmp_path / "1.pb")
    assert len(slept) == 1
