"""The order in which the scheduler answers requests, and its batches."""

import threading
import time
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pytest

from webapp.serving.scheduler import (
    BATCH_SECONDS,
    BATCHES,
    DECODING,
    HISTORY,
    MAX_BATCH,
    PAUSE,
    TICK,
    Scheduler,
)


class Channel:
    """A connection as waitress passes it to the scheduler, with one request."""

    def __init__(
        self, answered: list, name: str, method: str = "POST", path: str = "/predict"
    ):
        self.answered, self.name, self.thread = answered, name, None
        self.is_left = False
        path, _, query = path.partition("?")
        request = SimpleNamespace(
            error=None, command=method, path=path, query=query, headers={}
        )
        self.requests = [request]

    def service(self) -> None:
        self.answered.append(self.name)
        self.thread = threading.current_thread()

    def cancel(self) -> None:
        self.answered.append(f"{self.name} is cancelled")

    def has_left(self) -> bool:
        return self.is_left

    def refuse(self, error) -> None:
        self.refused = error.body


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


def serve(scheduler) -> None:
    """One look of the loop, and the end of what it has started."""
    scheduler.serve()
    while scheduler.running:
        time.sleep(0.001)


def batch_sizes(scheduler) -> list[int]:
    """The number of photos in each batch, until no photo waits."""
    waited = [len(scheduler._photos)]
    while waited[-1]:
        serve(scheduler)
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
    scheduler._took.append(BATCH_SECONDS / 2.5)
    for name in "abcd":
        add(scheduler, name)
    assert batch_sizes(scheduler) == [2, 2]


def test_photos_are_single_until_the_model_is_known_to_be_quick(add):
    scheduler = Scheduler(limit=100)
    for name in "abcdef":
        add(scheduler, name)
    assert batch_sizes(scheduler) == [1] * HISTORY + [2]


def test_one_thread_answers_all_quick_photos(answered):
    scheduler = quick_scheduler(limit=8)
    channels = [Channel(answered, name) for name in "abc"]
    for channel in channels:
        scheduler.add_task(channel)
        serve(scheduler)
    assert len({channel.thread for channel in channels}) == 1
    assert channels[0].thread is not threading.current_thread()


@pytest.fixture
def hanging(answered):
    """A photo whose model computes until it is told to end."""
    channel, channel.begun, channel.end = Channel(answered, "hanging"), *events()
    record = channel.service
    channel.service = lambda: (channel.begun.set(), channel.end.wait(30), record())
    yield channel
    channel.end.set()


def events() -> tuple[threading.Event, threading.Event]:
    return threading.Event(), threading.Event()


def start(scheduler, channel) -> None:
    """Start the batch of a photo that hangs."""
    scheduler.add_task(channel)
    scheduler.serve()
    assert channel.begun.wait(30)


def test_photos_wait_for_a_batch_that_may_end_soon(add, answered, hanging):
    scheduler = quick_scheduler(limit=8)
    start(scheduler, hanging)
    add(scheduler, "photo")
    add(scheduler, "probe", "GET", "/healthz")
    scheduler.serve()
    assert answered == ["probe"]
    assert 0 < scheduler.idle_seconds(60) <= TICK
    hanging.end.set()
    while "hanging" not in answered:
        time.sleep(0.001)
    serve(scheduler)
    assert answered == ["probe", "hanging", "photo"]
    assert scheduler.idle_seconds(60) == 60


def test_a_long_batch_delays_no_other(add, answered, hanging, monkeypatch):
    monkeypatch.setattr("webapp.serving.run_queue.LONG", 0)
    scheduler = quick_scheduler(limit=8)
    start(scheduler, hanging)
    add(scheduler, "photo")
    assert scheduler.idle_seconds(60) == 0
    scheduler.serve()
    while not answered:
        time.sleep(0.001)
    assert answered == ["photo"]


@pytest.mark.parametrize(
    "address", ["/predict?model={}", "/v1/models/{}:predict", "/v2/models/{}/infer"]
)
def test_a_model_that_takes_long_leaves_a_thread_to_others(
    answered, hanging, monkeypatch, address
):
    monkeypatch.setattr("webapp.serving.run_queue.LONG", 0)
    scheduler = quick_scheduler(limit=99, long={"/v1/": 0})
    for _ in range(2 * BATCHES):
        channel = Channel(answered, "white", path=address.format("white"))
        channel.service = hanging.service
        scheduler.add_task(channel)
    other = Channel(answered, "other", path=address.format("other"))
    scheduler.add_task(other)
    while "other" not in answered:
        scheduler.serve()
    assert scheduler.running <= BATCHES
    assert answered == ["other"]


def test_a_request_may_have_no_deadline(answered, hanging):
    path = "/v2/repository/models/cats/load"
    scheduler = quick_scheduler(limit=9, deadline=0.01, long={path: 0})
    hanging.requests[0].path = path
    start(scheduler, hanging)
    time.sleep(0.02)
    scheduler.serve()
    assert not scheduler.is_stuck
    assert not hasattr(hanging, "refused")


def test_a_run_beyond_its_deadline_is_given_up(answered, hanging):
    reasons = []
    scheduler = quick_scheduler(limit=1, deadline=0.01, refused=reasons.append)
    start(scheduler, hanging)
    time.sleep(0.01)
    scheduler.serve()
    assert hanging.refused == "The model did not answer in 0.01 s: send it again later."
    assert (reasons, scheduler.is_stuck) == (["deadline"], True)
    assert scheduler._in_flight.count() == 0
    assert not hanging.requests[0].claim()  # its own answer, later, is not sent
    scheduler.serve()
    assert reasons == ["deadline"]


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_request_that_waits_too_long_is_given_up(answered, hanging, path):
    reasons = []
    scheduler = quick_scheduler(
        limit=9, patience=0.01, long={"/explain": 0}, refused=reasons.append
    )
    for queue in scheduler._queues:
        queue.count = 0  # all are taken
    late = Channel(answered, "late", path=path)
    scheduler.add_task(late)
    time.sleep(0.01)
    scheduler.serve()
    assert (
        late.refused == "The model had no time for this in 0.01 s: send it again later."
    )
    assert (reasons, scheduler.is_stuck) == (["late"], False)


def test_at_the_end_everything_is_given_up(answered, hanging):
    scheduler = quick_scheduler(limit=8)
    start(scheduler, hanging)
    waiting = Channel(answered, "waiting")
    scheduler.add_task(waiting)
    scheduler.give_up_all()
    assert hanging.refused
    assert waiting.refused
    assert not scheduler._in_flight.count()


def test_the_loop_is_woken_when_a_run_ends(add):
    scheduler, woken = quick_scheduler(limit=8), threading.Event()
    scheduler.wake_with(woken.set)
    add(scheduler, "photo")
    scheduler.serve()
    assert woken.wait(30)


def test_probes_and_pages_are_answered_before_photos(add, answered):
    scheduler = quick_scheduler(limit=8)
    add(scheduler, "photo")
    add(scheduler, "probe", "GET", "/healthz")
    add(scheduler, "page", "GET", "/")
    serve(scheduler)
    assert answered == ["probe", "page", "photo"]


@pytest.mark.parametrize("path", ["/healthz", "/below/readyz", "/v2/health/live"])
def test_probes_are_answered_before_pages(add, answered, path):
    scheduler = quick_scheduler(limit=8)
    add(scheduler, "page", "GET", "/models")
    add(scheduler, "probe", "GET", path)
    serve(scheduler)
    assert answered == ["probe", "page"]


def test_a_request_that_is_not_parsed_is_no_probe(answered):
    scheduler, channel = quick_scheduler(limit=8), Channel(answered, "nonsense")
    channel.requests = [SimpleNamespace(error="it has no path")]
    scheduler.add_task(channel)
    serve(scheduler)
    assert answered == ["nonsense"]


def test_the_loop_looks_for_probes_between_slow_pages(answered):
    scheduler = quick_scheduler(limit=8)
    pages = [Channel(answered, name, "GET", "/models") for name in "abc"]
    for page in pages:
        page.service = lambda: (time.sleep(0.6 * PAUSE), answered.append("page"))
        scheduler.add_task(page)
    scheduler.serve()
    scheduler.add_task(Channel(answered, "probe", "GET", "/healthz"))
    assert scheduler.idle_seconds(1) == 0
    scheduler.serve()
    assert answered == ["page", "page", "probe", "page"]


def test_the_loop_waits_for_no_photo_after_slow_pages(add, hanging):
    scheduler = quick_scheduler(limit=8)
    page = Channel([], "page", "GET", "/models")
    page.service = lambda: time.sleep(1.5 * PAUSE)
    scheduler.add_task(page)
    scheduler.add_task(hanging)
    started = time.perf_counter()
    scheduler.serve()
    assert time.perf_counter() - started < 2.4 * PAUSE


def test_a_photo_above_the_limit_is_answered_first(add, answered):
    scheduler = quick_scheduler(limit=2)
    requests = [add(scheduler, name) for name in "abc"]
    assert [request.too_many for request in requests] == [False, False, True]
    serve(scheduler)
    assert answered == ["c", "a", "b"]
    assert not add(scheduler, "d").too_many


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failed_answer_is_not_in_flight_any_more(add, answered, caplog, method):
    scheduler = quick_scheduler(limit=1)
    broken, cancelled = Channel(answered, "broken", method), []
    broken.service, broken.cancel = lambda: 1 / 0, lambda: cancelled.append("broken")
    scheduler.add_task(broken)
    serve(scheduler)
    assert cancelled == ["broken"]
    assert "ZeroDivisionError" in caplog.text
    assert not add(scheduler, "again").too_many
    serve(scheduler)
    assert answered == ["again"]


def test_a_slow_request_counts_as_in_flight_and_delays_no_photo(add, answered, hanging):
    scheduler = quick_scheduler(limit=2, long={"/explain": 0})
    hanging.requests[0].path = "/explain"
    start(scheduler, hanging)
    add(scheduler, "photo")
    assert add(scheduler, "third").too_many
    scheduler.serve()
    while len(answered) < 2:
        time.sleep(0.001)
    assert answered == ["third", "photo"]
    hanging.end.set()
    scheduler.shutdown(timeout=30)
    assert not scheduler.running
    assert not add(scheduler, "later").too_many


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_photo_whose_client_has_left_is_not_computed(answered, path):
    scheduler = quick_scheduler(limit=1, long={"/explain": 0})
    channel = Channel(answered, "photo", path=path)
    channel.is_left = True
    scheduler.add_task(channel)
    serve(scheduler)
    assert answered == ["photo is cancelled"]
    assert not scheduler._in_flight.count()


@pytest.mark.parametrize(
    ("headers", "is_photo"),
    [
        ({"CONTENT_LENGTH": "99"}, True),
        ({"CONTENT_LENGTH": "100"}, False),
        ({"CONTENT_LENGTH": "9", "CONTENT_ENCODING": "gzip"}, False),
    ],
    ids=["small", "large", "packed"],
)
def test_a_path_may_be_slow_for_large_requests(answered, headers, is_photo):
    scheduler = quick_scheduler(limit=1, long={"/v2/": 100, "/explain": 0})
    channel = Channel(answered, "photo", path="/v2/models/explain/infer")
    channel.requests[0].headers = headers
    scheduler.add_task(channel)
    assert len(scheduler._photos) == is_photo
    serve(scheduler)
    assert answered == ["photo"]


def test_a_slow_path_may_come_after_a_prefix(answered):
    scheduler = quick_scheduler(limit=1, long={"/explain": 0})
    scheduler.add_task(Channel(answered, "photo", path="/cats/explain"))
    assert len(scheduler._slow) == 1
