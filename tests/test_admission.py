"""Turns in order of arrival; photos and connections shared among the workers."""

import threading
import time

import pytest

from webapp.admission import Inside, Turns
from webapp.seats import Seat, lay


@pytest.fixture
def turns():
    return Turns(1)


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_turns_are_taken_in_order_of_arrival(turns):
    assert turns.take(0)
    came = []

    def wait_for_turn(number):
        assert turns.take(30)
        came.append(number)
        turns.give_back()

    threads = []
    for number in range(8):
        threads.append(in_thread(lambda number=number: wait_for_turn(number)))
        wait_for(lambda number=number: len(turns._queue) == number + 1)
    turns.give_back()
    for thread in threads:
        thread.join()
    assert came == list(range(8))


def test_whoever_waits_too_long_leaves_the_queue(turns):
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.give_back()
    assert turns.take(0)


def test_no_turn_is_lost_or_made_up():
    turns, inside, most = Turns(3), [], []

    def work():
        for _ in range(200):
            if turns.take(0.0005):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                turns.give_back()

    threads = [in_thread(work) for _ in range(12)]
    for thread in threads:
        thread.join()
    assert max(most) <= 3
    assert [turns.take(0) for _ in range(4)] == [True, True, True, False]


def test_photos_are_counted_with_those_of_the_other_workers(tmp_path):
    lay(tmp_path, 2)
    one, other = (Inside(Seat(tmp_path, n).inside, n) for n in range(2))
    assert [one.enter(3), other.enter(3), one.enter(3)] == [True] * 3
    assert not other.enter(3)
    one.leave()
    assert other.enter(3)


def test_what_a_dead_worker_counted_is_forgotten(tmp_path):
    lay(tmp_path, 2)
    dead = Seat(tmp_path, 0)
    assert Inside(dead.inside, 0).enter(1)
    living = Inside(Seat(tmp_path, 1).inside, 1)
    assert not living.enter(1)
    dead.leave()
    assert living.enter(1)


def test_a_connection_goes_to_the_worker_with_the_fewest(tmp_path):
    lay(tmp_path, 3)
    first, second = Seat(tmp_path, 0), Seat(tmp_path, 1)  # the third still loads
    first.take()
    assert first.is_next(50)  # nobody else serves
    second.take()
    assert not first.is_next(50)
    assert second.is_next(0)
    assert second.is_next(51)
    assert not second.is_next(52)
    first.leave()
    assert second.is_next(52)
