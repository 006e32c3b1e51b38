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
from webapp.serving.shared_state import WorkerState, lay


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
    def come(lanes, name, method="POST", path="/predict"):
        channel = Channel(answered, name, method, path)
        lanes.add_task(channel)
        return channel.requests[0]

    return come


def quick_lanes(**settings) -> Scheduler:
    """Scheduler whose last photos were quick."""
    lanes = Scheduler(**settings)
    lanes._took.extend([0.002] * LAST)
    return lanes


def who_answers(lanes, seconds=0.0) -> threading.Thread:
    """A photo that takes so long."""
    channel = Channel([], "photo")
    record = channel.service
    channel.service = lambda: (time.sleep(seconds), record())
    lanes.add_task(channel)
    lanes.serve()
    while lanes._inside.count():
        time.sleep(0.001)
    return channel.thread


def turns(lanes) -> list[int]:
    """How many photos each turn answers, until none waits."""
    waited = [len(lanes._photos)]
    while lanes.waiting:
        lanes.serve()
        waited.append(len(lanes._photos))
    return [before - after for before, after in pairwise(waited)]


def test_photos_are_answered_in_order_of_arrival_and_so_many_in_a_turn(come, answered):
    lanes, names = quick_lanes(limit=100), [str(n) for n in range(2 * MOST + 3)]
    for name in names:
        come(lanes, name)
    assert turns(lanes) == [MOST, MOST, 3]
    assert answered == names


def test_a_turn_is_over_when_a_large_photo_is_decoded():
    lanes = quick_lanes(limit=8)
    for seconds in (DECODING, 0, DECODING, 0):
        channel = Channel([], "photo")
        channel.service = partial(time.sleep, seconds)
        lanes.add_task(channel)
    assert turns(lanes) == [1, 2, 1]


def test_a_turn_is_short_enough_for_who_waits_for_it(come):
    lanes = quick_lanes(limit=8)
    lanes._took.append(LONG / 2.5)
    for name in "abcd":
        come(lanes, name)
    assert turns(lanes) == [2, 2]


def test_photos_have_threads_until_the_model_has_shown_that_it_is_quick():
    lanes, loop = Scheduler(limit=8), threading.current_thread()
    who = [who_answers(lanes) for _ in range(LAST + 1)]
    assert loop not in who[:LAST]
    assert who[LAST] is loop


def test_photos_have_threads_after_one_that_took_long():
    lanes, loop = quick_lanes(limit=8), threading.current_thread()
    assert who_answers(lanes, seconds=LONG) is loop
    assert loop not in [who_answers(lanes) for _ in range(LAST)]
    assert who_answers(lanes) is loop


def test_what_is_quick_passes_the_photos(come, answered):
    lanes = quick_lanes(limit=8)
    come(lanes, "photo")
    come(lanes, "probe", "GET", "/healthz")
    come(lanes, "page", "GET", "/")
    lanes.serve()
    assert answered == ["probe", "page", "photo"]


def test_one_too_many_is_told_so_at_once(come, answered):
    lanes = quick_lanes(limit=2)
    came = [come(lanes, name) for name in "abc"]
    assert [request.too_many for request in came] == [False, False, True]
    lanes.serve()
    assert answered == ["c", "a", "b"]
    assert not come(lanes, "d").too_many


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whose_answer_fails_leaves_and_the_next_one_has_its_turn(
    come, answered, caplog, method
):
    lanes = quick_lanes(limit=1)
    broken, cancelled = Channel(answered, "broken", method), []
    broken.service, broken.cancel = lambda: 1 / 0, lambda: cancelled.append("broken")
    lanes.add_task(broken)
    lanes.serve()
    assert cancelled == ["broken"]
    assert "ZeroDivisionError" in caplog.text
    assert not come(lanes, "again").too_many
    lanes.serve()
    assert answered == ["again"]


def test_what_is_long_has_a_thread_and_counts_as_inside(come, answered):
    lanes = Scheduler(limit=1, long=("/explain",))
    begun, leave = threading.Event(), threading.Event()
    slow = Channel(answered, "slow", "POST", "/explain")
    slow.service = lambda: (begun.set(), leave.wait(30))
    lanes.add_task(slow)
    assert begun.wait(30)
    assert not lanes.waiting
    assert come(lanes, "photo").too_many
    leave.set()
    lanes.shutdown(timeout=30)
    assert not lanes.threads
    assert not come(lanes, "later").too_many


def test_photos_are_counted_with_those_of_the_other_workers(tmp_path):
    lay(tmp_path, 2)
    one, other = (InFlightCounter(WorkerState(tmp_path, n).inside, n) for n in range(2))
    assert [one.enter(3), other.enter(3), one.enter(3)] == [True] * 3
    assert not other.enter(3)
    one.leave()
    assert other.enter(3)


def test_what_a_dead_worker_counted_is_forgotten(tmp_path):
    lay(tmp_path, 2)
    dead = WorkerState(tmp_path, 0)
    assert InFlightCounter(dead.inside, 0).enter(1)
    living = InFlightCounter(WorkerState(tmp_path, 1).inside, 1)
    assert not living.enter(1)
    dead.leave()
    assert living.enter(1)


def test_a_connection_goes_to_the_worker_with_the_fewest(tmp_path):
    lay(tmp_path, 3)
    first, second = (
        WorkerState(tmp_path, 0),
        WorkerState(tmp_path, 1),
    )  # the third still loads
    first.take()
    assert first.is_next(50)  # nobody else serves
    second.take()
    assert not first.is_next(50)
    assert second.is_next(0)
    assert second.is_next(51)
    assert not second.is_next(52)
    first.leave()
    assert second.is_next(52)
