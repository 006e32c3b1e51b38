"""Who is answered when; photos and connections shared among the workers."""

import threading
import time
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pytest

from webapp.serving.scheduler import (
    DECODING,
    LAST,
    LONG,
    MOST,
    InFlightCounter,
    Scheduler,
)
from webapp.serving.shared_state import WorkerState, create_state


class Channel:
    """A connection that waitress hands over, with one request."""

    def __init__(
        self, answered: list, name: str, method: str = "POST", path: str = "/predict"
    ):
        self.answered, self.name, self.thread = answered, name, None
        self.requests = [SimpleNamespace(error=None, command=method, path=path)]

    def service(self) -> None:
        self.answered.append(self.name)
        self.thread = threading.current_thread()

    def cancel(self) -> None:
        self.answered.append(f"{self.name} is cancelled")


@pytest.fixture
def answered():
    return []


@pytest.fixture
def come(answered):
    def come(scheduler, name, method="POST", path="/predict"):
        channel = Channel(answered, name, method, path)
        scheduler.add_task(channel)
        return channel.requests[0]

    return come


def quick_scheduler(**settings) -> Scheduler:
    """Scheduler whose last photos were quick."""
    scheduler = Scheduler(**settings)
    scheduler._took.extend([0.002] * LAST)
    return scheduler


def who_answers(scheduler, seconds=0.0) -> threading.Thread:
    """A photo that takes so long."""
    channel = Channel([], "photo")
    record = channel.service
    channel.service = lambda: (time.sleep(seconds), record())
    scheduler.add_task(channel)
    scheduler.serve()
    while scheduler._in_flight.count():
        time.sleep(0.001)
    return channel.thread


def turns(scheduler) -> list[int]:
    """How many photos each turn answers, until none waits."""
    waited = [len(scheduler._photos)]
    while scheduler.waiting:
        scheduler.serve()
        waited.append(len(scheduler._photos))
    return [before - after for before, after in pairwise(waited)]


def test_photos_are_answered_in_order_of_arrival_and_so_many_in_a_turn(come, answered):
    scheduler, names = quick_scheduler(limit=100), [str(n) for n in range(2 * MOST + 3)]
    for name in names:
        come(scheduler, name)
    assert turns(scheduler) == [MOST, MOST, 3]
    assert answered == names


def test_a_turn_is_over_when_a_large_photo_is_decoded():
    scheduler = quick_scheduler(limit=8)
    for seconds in (DECODING, 0, DECODING, 0):
        channel = Channel([], "photo")
        channel.service = partial(time.sleep, seconds)
        scheduler.add_task(channel)
    assert turns(scheduler) == [1, 2, 1]


def test_a_turn_is_short_enough_for_who_waits_for_it(come):
    scheduler = quick_scheduler(limit=8)
    scheduler._took.append(LONG / 2.5)
    for name in "abcd":
        come(scheduler, name)
    assert turns(scheduler) == [2, 2]


def test_photos_have_threads_until_the_model_has_shown_that_it_is_quick():
    scheduler, loop = Scheduler(limit=8), threading.current_thread()
    who = [who_answers(scheduler) for _ in range(LAST + 1)]
    assert loop not in who[:LAST]
    assert who[LAST] is loop


def test_photos_have_threads_after_one_that_took_long():
    scheduler, loop = quick_scheduler(limit=8), threading.current_thread()
    assert who_answers(scheduler, seconds=LONG) is loop
    assert loop not in [who_answers(scheduler) for _ in range(LAST)]
    assert who_answers(scheduler) is loop


def test_what_is_quick_passes_the_photos(come, answered):
    scheduler = quick_scheduler(limit=8)
    come(scheduler, "photo")
    come(scheduler, "probe", "GET", "/healthz")
    come(scheduler, "page", "GET", "/")
    scheduler.serve()
    assert answered == ["probe", "page", "photo"]


def test_one_too_many_is_told_so_at_once(come, answered):
    scheduler = quick_scheduler(limit=2)
    came = [come(scheduler, name) for name in "abc"]
    assert [request.too_many for request in came] == [False, False, True]
    scheduler.serve()
    assert answered == ["c", "a", "b"]
    assert not come(scheduler, "d").too_many


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whose_answer_fails_leaves_and_the_next_one_has_its_turn(
    come, answered, caplog, method
):
    scheduler = quick_scheduler(limit=1)
    broken, cancelled = Channel(answered, "broken", method), []
    broken.service, broken.cancel = lambda: 1 / 0, lambda: cancelled.append("broken")
    scheduler.add_task(broken)
    scheduler.serve()
    assert cancelled == ["broken"]
    assert "ZeroDivisionError" in caplog.text
    assert not come(scheduler, "again").too_many
    scheduler.serve()
    assert answered == ["again"]


def test_what_is_long_has_a_thread_and_counts_as_inside(come, answered):
    scheduler = Scheduler(limit=1, long=("/explain",))
    begun, leave = threading.Event(), threading.Event()
    slow = Channel(answered, "slow", "POST", "/explain")
    slow.service = lambda: (begun.set(), leave.wait(30))
    scheduler.add_task(slow)
    assert begun.wait(30)
    assert not scheduler.waiting
    assert come(scheduler, "photo").too_many
    leave.set()
    scheduler.shutdown(timeout=30)
    assert not scheduler.threads
    assert not come(scheduler, "later").too_many


def test_photos_are_counted_with_those_of_the_other_workers(tmp_path):
    create_state(tmp_path, 2)
    one, other = (
        InFlightCounter(WorkerState(tmp_path, n).in_flight, n) for n in range(2)
    )
    assert [one.enter(3), other.enter(3), one.enter(3)] == [True] * 3
    assert not other.enter(3)
    one.leave()
    assert other.enter(3)


def test_what_a_dead_worker_counted_is_forgotten(tmp_path):
    create_state(tmp_path, 2)
    dead = WorkerState(tmp_path, 0)
    assert InFlightCounter(dead.in_flight, 0).enter(1)
    living = InFlightCounter(WorkerState(tmp_path, 1).in_flight, 1)
    assert not living.enter(1)
    dead.leave()
    assert living.enter(1)


def test_a_connection_goes_to_the_worker_with_the_fewest(tmp_path):
    create_state(tmp_path, 3)
    first, second = (
        WorkerState(tmp_path, 0),
        WorkerState(tmp_path, 1),
    )  # the third still loads
    first.join()
    assert first.is_next(50)  # nobody else serves
    second.join()
    assert not first.is_next(50)
    assert second.is_next(0)
    assert second.is_next(51)
    assert not second.is_next(52)
    first.leave()
    assert second.is_next(52)
