"""Runs the soak test: starts the app, asks alone, sends traffic, ends the app."""

import multiprocessing
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from benchmarks.soak import clients, watch
from benchmarks.soak.app_process import ROOT, AppProcess, running_app
from benchmarks.soak.expected import Expected, distinct, expect
from benchmarks.soak.photos import SIZES, Photo, bad_files
from benchmarks.soak.prepared import (
    Prepared,
    bad_requests,
    page_requests,
    photo_requests,
)
from benchmarks.soak.progress import Progress
from benchmarks.soak.publisher import Publisher
from benchmarks.soak.result import Result

SHIPPED = ROOT / "checkpoints" / "frozen"
MODELS = {name: SHIPPED / name / "1.pb" for name in ("dogs-cats", "dogs-cats-small")}
SHARES = {"photo": 0.84, "page": 0.09, "bad": 0.07}  # of the requests
ALL_SIZES = {size: number for size, (number, _) in SIZES.items()}
OFTEN = (1, 9)  # the larger network is asked less often than the others
LEAVING = 0.03  # of the clients
CHECKED = 3  # photos that are asked about in every way alone, and are explained


class Plan(NamedTuple):
    """How much the soak test does.

    Attributes:
      seconds: of traffic, unless it is limited to a number of requests.
      warm: seconds of traffic before threads and descriptors are counted.
      look_every: seconds between two looks at memory and ops.
      reload_every: seconds between two new versions.
      sizes: how many photos are sent of each width and height.
      models: frozen graphs by the name they are served under.
    """

    seconds: float
    requests: int | None = None
    clients: int = 16
    reload_every: float = 4.0
    sizes: Mapping[tuple[int, int], int] = ALL_SIZES
    models: Mapping[str, Path] = MODELS
    warm: float = 5.0
    look_every: float = 1.0


def run(plan: Plan) -> Result:
    """Soak the app as planned, on a free port of 127.0.0.1."""
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = Path(temporary)
        publisher = Publisher(folder / "models", {**plan.models}, plan.reload_every)
        in_memory = watch.shared_memory_files()
        options = ("--reload-every", "0.5")
        with running_app(folder / "models", folder, options) as app:
            result = _soak(plan, app, publisher)
            result.exit_status = app.end()
            result.left_at_end = app.left_files()
            result.left_at_end += sorted(watch.shared_memory_files() - in_memory)
            result.log = app.log()
    return result


def _soak(plan: Plan, app: AppProcess, publisher: Publisher) -> Result:
    expected, wrong_alone = _expected(plan, app.port)
    _send(plan._replace(seconds=plan.warm, requests=None), app, expected)
    usage, files = watch.idle_usage(app), app.left_files()
    started = time.monotonic()
    records, watching = _send(plan, app, expected, publisher)
    return Result(
        watching,
        len(app.workers),
        photos=len({one.request.photo for one in expected} - {None}),
        seconds=time.monotonic() - started,
        published=publisher.published,
        broken=publisher.broken,
        replaced=sum(not worker.is_running() for worker in app.workers),
        wrong_alone=wrong_alone,
        reload_problems=publisher.problems,
        files_at_start=files,
        usage_at_start=usage,
        usage_at_end=watch.idle_usage(app, usage),
        files_at_end=app.left_files(),
        records=records,
    )


def _send(
    plan: Plan,
    app: AppProcess,
    expected: list[Expected],
    publisher: Publisher | None = None,
) -> tuple[clients.Records, watch.Watch]:
    """Send from a process of its own, so that probes do not wait for its threads."""
    context = multiprocessing.get_context("spawn")
    progress = Progress(context.Value("L", 0), plan.seconds, plan.requests)
    receiving, sending = context.Pipe(duplex=False)
    traffic = clients.Traffic(app.port, expected, plan.clients, LEAVING, seed=19)
    process = context.Process(target=clients.send, args=(traffic, progress, sending))
    process.start()
    sending.close()
    publishing = publisher.running(app.port) if publisher else nullcontext()
    try:
        with publishing, watch.Watch(app, progress, plan.look_every) as watching:
            return receiving.recv(), watching
    finally:
        process.terminate()  # it has ended, unless this one is interrupted
        process.join()


def _expected(plan: Plan, port: int) -> tuple[list[Expected], list[str]]:
    """Every request of the traffic, with its answer when it is alone."""
    names = list(plan.models)
    kept, answers = distinct(names, port, plan.sizes)
    made = [
        *_scaled(SHARES["photo"], _photo_requests(kept, names)),
        *_scaled(SHARES["page"], page_requests(names[0])),
        *_scaled(SHARES["bad"], bad_requests(bad_files(), names[-1])),
    ]
    checked = {photo.name for photo in kept[:CHECKED]}
    return expect(made, answers, port, checked)


def _photo_requests(kept: list[Photo], names: list[str]) -> Iterable[Prepared]:
    for number, photo in enumerate(kept):
        explained = 0.5 if number < CHECKED else 0
        for name, share in zip(names, OFTEN, strict=True):
            yield from photo_requests(photo, name, share, explained)


def _scaled(share: float, requests: Iterable[Prepared]) -> list[Prepared]:
    """The requests, which together are sent for this share of all."""
    found = [one for one in requests if one.weight]
    total = sum(one.weight for one in found)
    return [one._replace(weight=share * one.weight / total) for one in found]
