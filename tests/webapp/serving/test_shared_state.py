"""The slots in which workers tell each other how they are doing."""

import pytest

from webapp.serving import shared_state
from webapp.serving.in_flight import InFlightCounter
from webapp.serving.shared_state import (
    ALIVE,
    FILE,
    KEPT_LOADS,
    WorkerState,
    clear,
    create_state,
    open_slots,
)


def counter(folder, number: int) -> InFlightCounter:
    return InFlightCounter(WorkerState(folder, number).slots, number)


def test_photos_are_counted_with_those_of_the_other_workers(tmp_path):
    create_state(tmp_path, 2)
    one, other = counter(tmp_path, 0), counter(tmp_path, 1)
    assert [one.enter(3), other.enter(3), one.enter(3)] == [True] * 3
    assert not other.enter(3)
    one.leave()
    assert other.enter(3)


def test_the_count_of_a_dead_worker_is_cleared(tmp_path):
    create_state(tmp_path, 2)
    dead, living = counter(tmp_path, 0), counter(tmp_path, 1)
    assert dead.enter(1)
    assert not living.enter(1)
    clear(open_slots(tmp_path)[0])
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
    clear(second.slots[0])
    assert second.is_next(52)


def test_a_worker_without_a_heartbeat_is_not_waited_for(tmp_path, monkeypatch):
    create_state(tmp_path, 2)
    halted, other = (WorkerState(tmp_path, n) for n in range(2))
    for worker in (halted, other):
        worker.join()
    assert not other.is_next(2)
    halted.slots[0].heartbeat -= ALIVE
    assert other.is_next(2)
    monkeypatch.setattr(shared_state.time, "sleep", pytest.fail)
    assert other.synchronized(lambda path: "model")(tmp_path / "1.pb") == "model"


def test_the_file_has_all_its_bytes_on_the_disk(tmp_path):
    create_state(tmp_path, 100)
    status = (tmp_path / FILE).stat()
    assert status.st_blocks * 512 >= status.st_size > 0


def test_workers_that_load_in_step_find_each_load(tmp_path, monkeypatch):
    create_state(tmp_path, 2)
    workers = [WorkerState(tmp_path, n) for n in range(2)]
    loads = [worker.synchronized(lambda path: path) for worker in workers]
    for version in range(2 * KEPT_LOADS):
        loads[0](tmp_path / f"{version}.pb")
        loads[1](tmp_path / f"{version}.pb")
    monkeypatch.setattr(shared_state.time, "sleep", pytest.fail)
    for worker in workers:
        worker.join()
    assert loads[0](tmp_path / f"{version}.pb")


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
