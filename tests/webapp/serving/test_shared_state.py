"""The counts of photos and connections that the workers share."""

from webapp.serving.scheduler import InFlightCounter
from webapp.serving.shared_state import WorkerState, create_state


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
