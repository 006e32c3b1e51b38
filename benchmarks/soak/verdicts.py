"""The claims of the soak test: whether each holds, and the figures that show it."""

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.soak.clients import FALSE, LEFT, LOST, NO_RETRY
from benchmarks.soak.result import Result, percentile
from benchmarks.soak.watch import Usage, is_flat

GROWTH = 0.03  # of the memory from the second quarter to the last
PROBE_MS = 200  # for the answer of a probe
SLACK = 2  # threads or descriptors of a process that may differ at the end
MORE_FILES = 8  # of each worker, while it serves
SHOWN = 5  # sentences of each claim
TRACE = "Traceback (most recent call last)"


class Verdict(NamedTuple):
    """A claim, whether it holds, and the figures that show it."""

    claim: str
    holds: bool
    shown: str


def verdicts(result: Result) -> list[Verdict]:
    """Every claim, in the order of the table."""
    return [*_answers(result), *_resources(result), *_ends(result)]


def _answers(result: Result) -> Iterator[Verdict]:
    problems, codes = result.problems(), result.codes()
    lost, false = problems.pop(LOST, 0), problems.pop(FALSE, 0)
    untold = problems.pop(NO_RETRY, 0)
    numbers = {code for kind, code in codes if kind != LEFT and isinstance(code, int)}
    failed = {
        code: sum(n for (_, c), n in codes.items() if c == code)
        for code in sorted(numbers)
        if code >= 500
    }
    busy, late = failed.pop(503, 0), failed.pop(504, 0)
    yield Verdict("every request is answered", not lost, f"{lost} lost")
    yield Verdict(
        "no status 5xx but 503 with Retry-After and 504",
        not failed and not untold,
        f"{busy} x 503, {late} x 504, others: {failed or 'none'}",
    )
    yield Verdict(
        "every answer is that of its own photo",
        not false and not result.wrong_alone,
        f"{false} false, of {result.photos} different photos and models"
        + _first(result.wrong_alone),
    )
    yield Verdict(
        "every other status is the one of the request alone",
        not problems,
        ", ".join(f"{n} x {wrong}" for wrong, n in problems.items()) or "0 others",
    )


def _resources(result: Result) -> Iterator[Verdict]:
    probes, failed = result.watch.probes, result.watch.problems
    p50, p99, most = (percentile(probes, share) for share in (50, 99, 100))
    yield Verdict(
        f"probes are answered, 99 of 100 within {PROBE_MS} ms",
        not failed and p99 <= PROBE_MS,
        f"{len(probes):,}, p50 {p50:.1f}, p99 {p99:.1f}, max {most:.0f} ms"
        + _first(failed),
    )
    quarters = [sum(column) for column in zip(*result.rss(), strict=True)]
    growth = quarters[-1] / quarters[1] - 1 if quarters[1] else 0.0
    yield Verdict(
        f"memory grows by at most {GROWTH:.0%} from the second quarter to the last",
        growth <= GROWTH,
        f"{quarters[1]:.0f} to {quarters[-1]:.0f} MiB, {growth:+.1%}",
    )
    ops = result.watch.ops_by_quarter()
    yield Verdict(
        "the graphs keep their ops",
        len({count for count in ops if count}) == 1,
        ", ".join(f"{count:.0f}" for count in ops),
    )
    yield Verdict(
        "no process uses more threads or descriptors at the end",
        is_flat(result.usage_at_start, result.usage_at_end, SLACK),
        f"{_text_of(result.usage_at_start)} to {_text_of(result.usage_at_end)}",
    )


def _ends(result: Result) -> Iterator[Verdict]:
    yield Verdict(
        "every new version is served, and no broken one is",
        not result.reload_problems,
        f"{result.published} versions, {result.broken} broken"
        + _first(result.reload_problems),
    )
    before, after = len(result.files_at_start), len(result.files_at_end)
    yield Verdict(
        "no files are left behind",
        not result.left_at_end and after <= before + MORE_FILES * result.workers,
        f"{before} to {after} while it serves, {len(result.left_at_end)} after its end"
        + _first(result.left_at_end),
    )
    traces = result.log.count(TRACE)
    shown = [line for line in result.log.splitlines() if TRACE in line]
    yield Verdict(
        "no worker ended, the app exited with 0 and logged no traceback",
        not (result.replaced or result.exit_status or traces),
        f"{result.replaced} ended, status {result.exit_status}, {traces} tracebacks"
        + _first(shown),
    )


def _text_of(usage: list[Usage]) -> str:
    """Threads and descriptors of each process."""
    return " ".join(f"{one.threads}/{one.descriptors}" for one in usage)


def _first(sentences: list[str]) -> str:
    return "".join(f"\n    {sentence}" for sentence in sentences[:SHOWN])
