"""The order in which the scheduler answers requests, and its batches."""

import threading
import time
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pytest

from webapp.serving.scheduler import (
    DECODING,
    HISTORY,
    LONG,
    MAX_BATCH,
    Scheduler,
)


class Channel:
    """A connection as waitress passes it to the scheduler, with one request."""

    def __init__(
        self, answered: list, name: str, method: str = "POST", path: str = "/predict"
    ):
        self.answered, self.name, self.thread = answered, name, None
        self.is_left = False
        request = SimpleNamespace(error=None, command=method, path=path, headers={})
        self.requests = [request]

    def service(self) -> None:
        self.answered.append(self.name)
        self.thread = threading.current_thread()

    def cancel(self) -> None:
        self.answered.append(f"{self.name} is cancelled")

    def has_left(self) -> bool:
        return self.is_left


@pytest.fixture
def answered():
    return []


@pytest.fixture
def add(answered):
    def add(scheduler, name, method="POST", path="/predict"):
        channel = Channel(answered, name, method, path)
        scheduler.add_task(channel)
        return channel.requests[0]

    return add


def quick_scheduler(**settings) -> Scheduler:
    """A scheduler that has measured quick photos."""
    scheduler = Scheduler(**settings)
    scheduler._took.extend([0.002] * HISTORY)
    return scheduler


def answering_thread(scheduler, seconds=0.0) -> threading.Thread:
    """The thread that answers a photo which takes so many seconds."""
    channel = Channel([], "photo")
    record = channel.service
    channel.service = lambda: (time.sleep(seconds), record())
    scheduler.add_task(channel)
    scheduler.serve()
    wait_until_idle(scheduler)
    return channel.thread


def wait_until_idle(scheduler) -> None:
    while scheduler._in_flight.count():
        time.sleep(0.001)


def batch_sizes(scheduler) -> list[int]:
    """The number of photos in each batch, until no photo waits."""
    waited = [len(scheduler._photos)]
    while scheduler.waiting:
        scheduler.serve()
        waited.append(len(scheduler._photos))
    return [before - after for before, after in pairwise(waited)]


def test_photos_are_answered_in_order_of_arrival_in_batches(add, answered):
    scheduler = quick_scheduler(limit=100)
    names = [str(number) for number in range(2 * MAX_BATCH + 3)]
    for name in names:
        add(scheduler, name)
    assert batch_sizes(scheduler) == [MAX_BATCH, MAX_BATCH, 3]
    assert answered == names


def test_a_large_photo_closes_its_batch():
    scheduler = quick_scheduler(limit=8)
    for seconds in (DECODING, 0, DECODING, 0):
        channel = Channel([], "photo")
        channel.service = partial(time.sleep, seconds)
        scheduler.add_task(channel)
    assert batch_sizes(scheduler) == [1, 2, 1]


def test_batches_of_slow_photos_are_small(add):
    scheduler = quick_scheduler(limit=8)
    scheduler._took.append(LONG / 2.5)
    for name in "abcd":
        add(scheduler, name)
    assert batch_sizes(scheduler) == [2, 2]


def test_photos_run_in_threads_until_the_model_is_known_to_be_quick():
    scheduler, loop = Scheduler(limit=8), threading.current_thread()
    threads = [answering_thread(scheduler) for _ in range(HISTORY + 1)]
    assert loop not in threads[:HISTORY]
    assert threads[HISTORY] is loop


def test_photos_run_in_threads_after_a_slow_one():
    scheduler, loop = quick_scheduler(limit=8), threading.current_thread()
    assert answering_thread(scheduler, seconds=LONG) is loop
    assert loop not in [answering_thread(scheduler) for _ in range(HISTORY)]
    assert answering_thread(scheduler) is loop


def test_probes_and_pages_are_answered_before_photos(add, answered):
    scheduler = quick_scheduler(limit=8)
    add(scheduler, "photo")
    add(scheduler, "probe", "GET", "/healthz")
    add(scheduler, "page", "GET", "/")
    scheduler.serve()
    assert answered == ["probe", "page", "photo"]


def test_a_photo_above_the_limit_is_answered_first(add, answered):
    scheduler = quick_scheduler(limit=2)
    requests = [add(scheduler, name) for name in "abc"]
    assert [request.too_many for request in requests] == [False, False, True]
    scheduler.serve()
    assert answered == ["c", "a", "b"]
    assert not add(scheduler, "d").too_many


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failed_answer_is_not_in_flight_any_more(add, answered, caplog, method):
    scheduler = quick_scheduler(limit=1)
    broken, cancelled = Channel(answered, "broken", method), []
    broken.service, broken.cancel = lambda: 1 / 0, lambda: cancelled.append("broken")
    scheduler.add_task(broken)
    scheduler.serve()
    assert cancelled == ["broken"]
    assert "ZeroDivisionError" in caplog.text
    assert not add(scheduler, "again").too_many
    scheduler.serve()
    assert answered == ["again"]


def test_a_slow_request_has_a_thread_and_counts_as_in_flight(add, answered):
    scheduler = Scheduler(limit=1, long={"/explain": 0})
    begun, leave = threading.Event(), threading.Event()
    slow = Channel(answered, "slow", "POST", "/explain")
    slow.service = lambda: (begun.set(), leave.wait(30))
    scheduler.add_task(slow)
    assert begun.wait(30)
    assert not scheduler.waiting
    assert add(scheduler, "photo").too_many
    leave.set()
    scheduler.shutdown(timeout=30)
    assert not scheduler.threads
    assert not add(scheduler, "later").too_many


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_photo_whose_client_has_left_is_not_computed(answered, path):
    scheduler = quick_scheduler(limit=1, long={"/explain": 0})
    channel = Channel(answered, "photo", path=path)
    channel.is_left = True
    scheduler.add_task(channel)
    scheduler.serve()
    wait_until_idle(scheduler)
    assert answered == ["photo is cancelled"]
    assert not scheduler._in_flight.count()


@pytest.mark.parametrize(
    ("headers", "is_in_loop"),
    [
        ({"CONTENT_LENGTH": "99"}, True),
        ({"CONTENT_LENGTH": "100"}, False),
        ({"CONTENT_LENGTH": "9", "CONTENT_ENCODING": "gzip"}, False),
    ],
    ids=["small", "large", "packed"],
)
def test_a_path_may_be_slow_for_large_requests(answered, headers, is_in_loop):
    scheduler = quick_scheduler(limit=1, long={"/v2/": 100, "/explain": 0})
    channel = Channel(answered, "photo", path="/v2/models/explain/infer")
    channel.requests[0].headers = headers
    scheduler.add_task(channel)
    assert scheduler.waiting == is_in_loop
    scheduler.serve()
    wait_until_idle(scheduler)
    assert answered == ["photo"]


def test_a_slow_path_may_come_after_a_prefix(answered):
    scheduler = quick_scheduler(limit=1, long={"/explain": 0})
    channel = Channel(answered, "photo", path="/cats/explain")
    scheduler.add_task(channel)
    assert not scheduler.waiting
    wait_until_idle(scheduler)
    assert channel.thread is not threading.current_thread()
