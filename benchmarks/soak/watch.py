"""Watches the app while requests are sent: memory, ops, threads, files and probes."""

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.soak.app_process import AppProcess
from benchmarks.soak.exchange import Connection, get
from benchmarks.soak.progress import QUARTERS, Progress
from helpers.profiling.usage import MIB
from webapp.serving.state_folder import MEMORY, NAME

PROBE_EVERY = 0.05  # seconds
SETTLE = 15.0  # seconds for connections to be closed after the last request


class Usage(NamedTuple):
    """What one process uses at one moment."""

    threads: int
    descriptors: int


class Watch:
    """Samples in threads of their own, from the start to the end of a block.

    Args:
      every: seconds between two samples of memory and ops.
    Attributes:
      rss: MiB of each worker, by its number and the quarter.
      ops: the graph ops of all models, by quarter.
      probes: milliseconds of each GET /healthz.
      problems: probes and scrapes that failed.
    """

    def __init__(self, app: AppProcess, progress: Progress, every: float) -> None:
        self._app, self._progress = app, progress
        self.rss: dict[tuple[int, int], list[float]] = defaultdict(list)
        self.ops: dict[int, list[float]] = defaultdict(list)
        self.probes: list[float] = []
        self.problems: list[str] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._sample, every)),
            threading.Thread(target=self._repeat, args=(self._scrape, every)),
            threading.Thread(target=self._repeat, args=(self._probe, PROBE_EVERY)),
        ]
        self._kept = Connection(app.port, keeps=True)

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._kept.close()

    def rss_of(self, worker: int) -> list[float]:
        """The median MiB of a worker in each quarter."""
        return [_median(self.rss[worker, quarter]) for quarter in range(QUARTERS)]

    def ops_by_quarter(self) -> list[float]:
        """The median count of ops in each quarter."""
        return [_median(self.ops[quarter]) for quarter in range(QUARTERS)]

    def _repeat(self, action: Callable[[], None], every: float) -> None:
        while not self._ended.wait(every):
            try:
                action()
            except (OSError, psutil.Error) as error:
                name = action.__name__.strip("_")
                self.problems.append(f"{name}: {type(error).__name__}: {error}")

    def _sample(self) -> None:
        quarter = self._progress.quarter()
        for number, worker in enumerate(self._app.workers):
            self.rss[number, quarter].append(worker.memory_info().rss / MIB)

    def _scrape(self) -> None:
        quarter = self._progress.quarter()
        self.ops[quarter].append(ops_of(self._app.port))

    def _probe(self) -> None:
        kept = len(self.probes) % 2 == 0
        connection = self._kept if kept else Connection(self._app.port, keeps=False)
        started = time.perf_counter()
        answer = connection.ask(get("/healthz"))
        self.probes.append((time.perf_counter() - started) * 1e3)
        if answer.status != 200:
            self.problems.append(f"probe: {answer.status}")


def ops_of(port: int) -> float:
    """The ops in the graphs of the newest version of each model, by /metrics."""
    answer = Connection(port, keeps=False).ask(get("/metrics"))
    newest: dict[str, tuple[int, float]] = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            if sample.name == "model_graph_ops":
                found = (int(sample.labels["version"]), sample.value)
                name = sample.labels["model"]
                newest[name] = max(newest.get(name, found), found)
    return sum(count for _, count in newest.values())


def idle_usage(app: AppProcess, before: list[Usage] | None = None) -> list[Usage]:
    """Threads and descriptors of the supervisor and each worker, without requests.

    Args:
      before: waits up to SETTLE seconds until no more are used than these.
    """
    end = time.monotonic() + SETTLE
    while True:
        found = [_usage(process) for process in (app.process, *app.workers)]
        if before is None or time.monotonic() > end or is_flat(before, found):
            return found
        time.sleep(0.2)


def is_flat(before: list[Usage], after: list[Usage], slack: int = 0) -> bool:
    """Whether no process uses more threads and descriptors, but for `slack`."""
    return all(
        new <= old + slack
        for one, two in zip(before, after, strict=True)
        for old, new in zip(one, two, strict=True)
    )


def _usage(process: psutil.Process) -> Usage:
    try:
        return Usage(process.num_threads(), process.num_fds())
    except psutil.NoSuchProcess:
        return Usage(0, 0)


def shared_memory_files() -> set[str]:
    """The names of state folders in memory, made where there is no temporary folder."""
    return {path.name for path in MEMORY.glob(f"{NAME}*")}


def _median(samples: list[float]) -> float:
    return statistics.median(samples) if samples else 0.0
