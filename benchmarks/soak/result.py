"""What the soak test measured: counts, latencies, memory, and what was left."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.soak.clients import LEFT, Records, no_records
from benchmarks.soak.progress import QUARTERS
from benchmarks.soak.watch import Usage, Watch


@dataclass
class Result:
    """Everything that was measured, from the start of the app to its end.

    Attributes:
      photos: how many different pairs of a photo and a model were asked about.
      usage_at_start: of the supervisor and each worker, without requests.
      left_at_end: the files that the app has left behind.
    """

    watch: Watch
    workers: int
    photos: int = 0
    seconds: float = 0.0
    published: int = 0
    broken: int = 0
    replaced: int = 0
    exit_status: int = 0
    log: str = ""
    wrong_alone: list[str] = field(default_factory=list)
    reload_problems: list[str] = field(default_factory=list)
    files_at_start: list[str] = field(default_factory=list)
    files_at_end: list[str] = field(default_factory=list)
    left_at_end: list[str] = field(default_factory=list)
    usage_at_start: list[Usage] = field(default_factory=list)
    usage_at_end: list[Usage] = field(default_factory=list)
    records: Records = field(default_factory=no_records)

    @property
    def requests(self) -> int:
        """All requests of the clients, without probes and scrapes."""
        return self.records.codes.total()

    @property
    def kinds(self) -> list[str]:
        """The kinds of requests that are answered."""
        return sorted({kind for _, kind in self.records.milliseconds} - {LEFT})

    def codes(self) -> Counter:
        """The number of requests by kind and status."""
        counted: Counter = Counter()
        for (_, kind, code), number in self.records.codes.items():
            counted[kind, code] += number
        return counted

    def problems(self) -> Counter:
        """The number of answers by what was wrong with them."""
        counted: Counter = Counter()
        for (wrong, _), number in self.records.problems.items():
            counted[wrong] += number
        return counted

    def latencies(self, kinds: Iterable[str] = ()) -> list[tuple[float, float]]:
        """p50 and p99 in milliseconds of each quarter; of all kinds by default."""
        wanted = {*(kinds or self.kinds)}
        found = []
        for quarter in range(QUARTERS):
            mine = [
                ms
                for (when, kind), times in self.records.milliseconds.items()
                if when == quarter and kind in wanted
                for ms in times
            ]
            found.append((percentile(mine, 50), percentile(mine, 99)))
        return found

    def rss(self) -> list[list[float]]:
        """MiB by worker and quarter."""
        return [self.watch.rss_of(worker) for worker in range(self.workers)]

    def as_json(self) -> dict:
        """The figures, for JSON."""
        return {
            "requests": self.requests,
            "seconds": round(self.seconds),
            "codes": [[*key, number] for key, number in sorted_codes(self.codes())],
            "latencies": self.latencies(),
            "probes": [percentile(self.watch.probes, share) for share in (50, 99, 100)],
            "rss": self.rss(),
            "ops": self.watch.ops_by_quarter(),
            "usage": [self.usage_at_start, self.usage_at_end],
            "published": self.published,
            "broken": self.broken,
        }


def sorted_codes(codes: Counter) -> list[tuple[tuple, int]]:
    """The counts by kind and status, in the order of both."""
    return sorted(codes.items(), key=lambda item: tuple(map(str, item[0])))


def percentile(values: list[float], share: int) -> float:
    """The value that this percentage of the values does not exceed; 0 of none."""
    if share == 100 or len(values) < 2:
        return max(values, default=0.0)
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
