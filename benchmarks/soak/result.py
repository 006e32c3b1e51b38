"""What the soak test found: a table, and a verdict for each claim."""

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.soak.clients import LEFT, Records
from benchmarks.soak.progress import QUARTERS
from benchmarks.soak.watch import Usage, Watch, is_flat

GROWTH = 0.03  # of the memory from the second quarter to the last
PROBE_MS = 200  # for the answer of a probe
SLACK = 2  # threads or descriptors of a process that may differ at the end
SHOWN = 5  # sentences of each claim


class Verdict(NamedTuple):
    """A claim, whether it holds, and the figures that show it."""

    claim: str
    holds: bool
    shown: str


@dataclass
class Result:
    """Everything that was measured; the attributes are set one after the other."""

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

    records: Records = Records(Counter(), {}, Counter(), [])
    watch: Watch | None = None

    @property
    def holds(self) -> bool:
        """Whether every claim does."""
        return all(verdict.holds for verdict in self.verdicts())

    @property
    def requests(self) -> int:
        return self.records.codes.total()

    def codes(self) -> Counter:
        """The number of requests by kind and status."""
        counted: Counter = Counter()
        for (_, kind, code), number in self.records.codes.items():
            counted[kind, code] += number
        return counted

    def latencies(self, kind: str | None = None) -> list[tuple[float, float]]:
        """p50 and p99 in milliseconds of each quarter; of all kinds by default."""
        found = []
        for quarter in range(QUARTERS):
            mine = [
                ms
                for (when, what), times in self.records.milliseconds.items()
                if when == quarter and what in ([kind] if kind else self.kinds)
                for ms in times
            ]
            found.append((percentile(mine, 0.5), percentile(mine, 0.99)))
        return found

    @property
    def kinds(self) -> list[str]:
        """The kinds of requests that are answered."""
        return sorted({kind for _, kind in self.records.milliseconds} - {LEFT})

    def verdicts(self) -> list[Verdict]:
        """Every claim, in the order of the table."""
        return [*self._answers(), *self._resources(), *self._ends()]

    def _answers(self) -> Iterator[Verdict]:
        codes: Counter = Counter()
        for (kind, code), number in self.codes().items():
            if kind != LEFT:
                codes[code] += number
        problems: Counter = Counter()
        for (wrong, _), number in self.records.problems.items():
            problems[wrong] += number
        lost = problems.pop("not answered", 0)
        false = problems.pop("not the answer of its photo", 0)
        bad = {c: n for c, n in codes.items() if isinstance(c, int) and c >= 500}
        intended = bad.pop(503, 0), bad.pop(504, 0)
        yield Verdict("every request is answered", not lost, f"{lost} lost")
        yield Verdict(
            "no status 5xx but 503 with Retry-After and 504",
            not bad and not problems.pop("503 without Retry-After", 0),
            f"{intended[0]} x 503, {intended[1]} x 504, others: {bad or 'none'}",
        )
        yield Verdict(
            "every answer is that of its own photo",
            not false and not self.wrong_alone,
            f"{false} false, of {self.photos} different photos and models"
            + _first(self.wrong_alone),
        )
        yield Verdict(
            "every other status is the one of the request alone",
            not problems,
            ", ".join(f"{n} x {wrong}" for wrong, n in problems.items()) or "0 others",
        )

    def _resources(self) -> Iterator[Verdict]:
        assert self.watch
        probes, failed = self.watch.probes, self.watch.problems
        p50, p99 = percentile(probes, 0.5), percentile(probes, 0.99)
        yield Verdict(
            f"probes are answered, 99 of 100 within {PROBE_MS} ms",
            not failed and p99 <= PROBE_MS,
            f"{len(probes):,}, p50 {p50:.1f}, p99 {p99:.1f}, max "
            f"{max(probes, default=0):.0f} ms" + _first(failed),
        )
        quarters = [sum(column) for column in zip(*self.rss(), strict=True)]
        growth = quarters[-1] / quarters[1] - 1 if quarters[1] else 0.0
        yield Verdict(
            "memory grows by at most 3% from the second quarter to the last",
            growth <= GROWTH,
            f"{quarters[1]:.0f} to {quarters[-1]:.0f} MiB, {growth:+.1%}",
        )
        ops = self.watch.ops_by_quarter()
        yield Verdict(
            "the graphs keep their ops",
            len({count for count in ops if count}) == 1,
            ", ".join(f"{count:.0f}" for count in ops),
        )
        yield Verdict(
            "no process uses more threads or descriptors at the end",
            is_flat(self.usage_at_start, self.usage_at_end, SLACK),
            f"{_usage_text(self.usage_at_start)} to {_usage_text(self.usage_at_end)}",
        )

    def _ends(self) -> Iterator[Verdict]:
        yield Verdict(
            "every new version is served, and no broken one is",
            not self.reload_problems,
            f"{self.published} versions, {self.broken} broken"
            + _first(self.reload_problems),
        )
        grown = len(self.files_at_end) - len(self.files_at_start)
        yield Verdict(
            "no files are left behind",
            not self.left_at_end and grown <= MARKS * self.workers,
            f"{len(self.files_at_start)} to {len(self.files_at_end)} while it serves, "
            f"{len(self.left_at_end)} after its end" + _first(self.left_at_end),
        )
        traces = self.log.count("Traceback (most recent call last)")
        yield Verdict(
            "no worker ended, the app exited with 0 and logged no traceback",
            not (self.replaced or self.exit_status or traces),
            f"{self.replaced} ended, status {self.exit_status}, {traces} tracebacks",
        )

    def rss(self) -> list[list[float]]:
        """MiB by worker and quarter."""
        assert self.watch
        return [self.watch.rss_of(worker) for worker in range(self.workers)]

    def text(self) -> str:
        """The table and the verdicts."""
        from benchmarks.soak.table import text_of

        return text_of(self)

    def as_json(self) -> dict:
        """The figures and verdicts, for JSON."""
        assert self.watch
        return {
            "requests": self.requests,
            "seconds": round(self.seconds),
            "codes": [[*key, number] for key, number in sorted_codes(self.codes())],
            "latencies": self.latencies(),
            "rss": self.rss(),
            "ops": self.watch.ops_by_quarter(),
            "verdicts": [verdict._asdict() for verdict in self.verdicts()],
        }


MARKS = 8  # files of each worker that say which versions it has loaded


def sorted_codes(codes: Counter) -> list[tuple[tuple, int]]:
    """The counts by kind and status, in the order of both."""
    return sorted(codes.items(), key=lambda item: tuple(map(str, item[0])))


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values is; 0 of none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=1000, method="inclusive")[
        max(0, int(share * 1000) - 1)
    ]


def _usage_text(usage: list[Usage]) -> str:
    return " ".join(f"{one.threads}/{one.descriptors}" for one in usage)


def _first(sentences: list[str]) -> str:
    return "".join(f"\n    {sentence}" for sentence in sentences[:SHOWN])
