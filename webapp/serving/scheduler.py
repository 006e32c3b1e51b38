"""Schedules requests: health probes first, photos in batches, slow requests in threads.

The server's loop answers probes and pages itself. Photos are answered in batches of at
most 8, in one thread: the loop waits for a quick batch, and answers probes while a long
one is computed. A batch that takes longer than LONG delays no other: the next one gets
a thread of its own. The loop never waits to fill a batch.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter

from webapp.serving.busy_answers import TooMany, is_of_program
from webapp.serving.in_flight import InFlightCounter
from webapp.serving.micro_batching import run_batch
from webapp.serving.pending_request import PendingRequest
from webapp.serving.run_queue import Run, RunQueue

log = logging.getLogger(__name__)
BATCHES = 3  # threads for batches; two of them may take long
SLOW = 3  # threads for slow requests; two of them may be of one model
BATCH_SECONDS = 0.25  # that a batch should take at most
HISTORY = 4  # batches whose time predicts the next one's
MAX_BATCH = 8  # photos; with more, each waits longer and none is faster
DECODING = 0.02  # seconds of decoding that close a batch: a large photo is alone in it
PAUSE = 0.06  # seconds that the loop answers pages and waits before it reads on
TICK = 0.05  # seconds between two looks at what runs and waits
DEADLINE = 20.0  # seconds of one run
PATIENCE = 10.0  # seconds that a request may wait for its run
PROBES = ("/healthz", "/readyz", "/health/live", "/health/ready")  # ends of paths


class Scheduler:
    """Queues and answers requests, in place of waitress's task dispatcher.

    Every POST counts as a photo. A photo above the limit is answered at once, with
    `too_many` set.

    Args:
      limit: photos in flight at once, in all workers together.
      in_flight: the counter that the workers share.
      long: the first of these parts that a path has says from how many bytes on its
        requests are slow; a proxy's prefix may come before it. A body that is packed
        may be of any length.
      deadline: seconds of a run, after which its requests get 504.
      patience: seconds that a request may wait for its run; then it gets 504.
      refused: called with the reason for each request that is not answered by the app:
        "busy", "late" or "deadline".
    """

    def __init__(
        self,
        *,
        limit: int,
        in_flight: InFlightCounter | None = None,
        long: Mapping[str, int] | None = None,
        deadline: float = DEADLINE,
        patience: float = PATIENCE,
        refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._limit, self._long = limit, long or {}
        self._in_flight = in_flight or InFlightCounter()
        self._deadline, self._patience, self._refused = deadline, patience, refused
        self._quick: deque = deque()  # connections
        self._photos, self._slow = RunQueue(BATCHES), RunQueue(SLOW)
        self._queues = (self._photos, self._slow)
        self._took = deque([BATCH_SECONDS], HISTORY)  # seconds a photo, batch by batch

    def wake_with(self, wake: Callable[[], None]) -> None:
        """Call `wake` when a run ends, so that the loop starts the next one."""
        for queue in self._queues:
            queue.on_end = wake

    def idle_seconds(self, longest: float) -> float:
        """How long the loop may sleep."""
        if self._quick or self._slow.may_start or self._may_start_batch():
            return 0
        is_idle = not (self.running or any(map(len, self._queues)))
        return longest if is_idle else min(longest, TICK)

    @property
    def running(self) -> int:
        """The number of threads that compute."""
        return sum(len(queue.runs) for queue in self._queues)

    @property
    def is_stuck(self) -> bool:
        """Whether a run has passed its deadline, so that its thread may be lost."""
        return any(queue.overdue(self._deadline) for queue in self._queues)

    @property
    def is_exhausted(self) -> bool:
        """Whether no photo or no slow request can be computed any more."""
        return any(queue.is_lost(self._deadline) for queue in self._queues)

    def add_task(self, channel) -> None:
        """Queue a request; waitress calls this when the whole body has arrived."""
        request = channel.requests[0]
        request.arrived, request.too_many = perf_counter(), False
        request.leave, request.claim = lambda: None, lambda: True
        if request.error or request.command != "POST":
            if _is_probe(request):
                self._quick.appendleft(channel)
            else:
                self._quick.append(channel)
        elif not self._in_flight.enter(self._limit):
            request.too_many = True
            if is_of_program(request):
                request.error = TooMany()  # the app would take several times as long
                self._refused("busy")
            self._quick.append(channel)
        else:
            queue = self._slow if self._is_long(request) else self._photos
            queue.append(PendingRequest(channel, self._in_flight.leave))

    def _is_long(self, request) -> bool:
        """Whether the request may take long enough to be no photo of a batch."""
        for part, least in self._long.items():
            if part in request.path:
                length = int(request.headers.get("CONTENT_LENGTH") or 0)
                return length >= least or "CONTENT_ENCODING" in request.headers
        return False

    def serve(self) -> None:
        """Answer probes and pages, and start what may run; waits for quick runs.

        It returns after PAUSE, or one page, for a probe may have come meanwhile.
        """
        end = perf_counter() + PAUSE
        while self._quick and perf_counter() < end:
            _answer(self._quick.popleft())
        self._give_up_late()
        while self._slow.may_start:
            self._slow.start(self._answer_slow)
        if self._may_start_batch():
            run = self._photos.start(self._answer_batch)
            run.wait(max(0, end - perf_counter()))

    def _may_start_batch(self) -> bool:
        """Whether a batch may start, and none runs that may end soon."""
        return all(run.is_long for run in self._photos.runs) and self._photos.may_start

    def _answer_slow(self, run: Run) -> None:
        run.requests[0].answer()

    def _answer_batch(self, run: Run) -> None:
        if number := run_batch(self._next(run)):
            self._took.append(run.seconds / number)

    def _next(self, run: Run) -> Iterator[Callable[[], None]]:
        """The photos of a batch; each is taken after the one before it is decoded."""
        most = max(1, min(MAX_BATCH, int(BATCH_SECONDS / max(self._took))))
        for photo in self._photos.take(run, most):
            yield photo.answer
            if run.seconds > DECODING:
                break

    def _give_up_late(self) -> None:
        """Answer 504 for runs beyond their deadline, and requests that wait too long.

        The rest of a batch that has not begun to be answered is given up with it.
        """
        for queue in self._queues:
            for run in queue.overdue(self._deadline):
                self._give_up(run, self._deadline)
            for request in queue.late(self._patience):
                self._refuse(request, "late", self._patience)

    def give_up_all(self) -> None:
        """Answer 504 for everything that waits or runs."""
        for queue in self._queues:
            for run in queue.runs:
                self._give_up(run, run.seconds)
            for request in queue.late(0):
                self._refuse(request, "late", request.waited())

    def _give_up(self, run: Run, seconds: float) -> None:
        for request in run.requests:
            self._refuse(request, "deadline", seconds)

    def _refuse(self, request: PendingRequest, reason: str, seconds: float) -> None:
        lacked = "did not answer" if reason == "deadline" else "had no time for this"
        if request.give_up(
            f"The model {lacked} in {seconds:.3g} s: send it again later."
        ):
            self._refused(reason)

    def shutdown(self, timeout: float) -> None:
        """Wait for the threads to end, for at most `timeout` seconds."""
        for queue in self._queues:
            queue.shutdown(timeout)


def _is_probe(request) -> bool:
    return not request.error and request.path.endswith(PROBES)


def _answer(channel) -> None:
    """Answer one request; an error is logged and the connection closed."""
    try:
        channel.service()
    except Exception:
        log.exception("this request could not be answered")
        channel.cancel()
