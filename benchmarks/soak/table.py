"""The table that the soak test ends with."""

from benchmarks.soak.clients import LEFT
from benchmarks.soak.result import Result, sorted_codes
from benchmarks.soak.verdicts import verdicts


def text_of(result: Result) -> str:
    """Requests, codes, latencies, memory and files; then a line for each claim."""
    rate = result.requests / result.seconds if result.seconds else 0
    parts = [
        f"{result.requests:,} requests in {result.seconds:,.0f} s, {rate:.0f} a second",
        _codes(result),
        _row("p50 / p99 in ms", _pairs(result.latencies())),
        *(_row(f"  {kind}", _pairs(result.latencies([kind]))) for kind in result.kinds),
        *(
            _row(f"worker {number}, MiB", [f"{mib:.0f}" for mib in quarters])
            for number, quarters in enumerate(result.rss())
        ),
        _row("graph ops", [f"{count:.0f}" for count in result.watch.ops_by_quarter()]),
        *(f"problem: {sentence}" for sentence in result.records.sentences),
        *(
            f"{'holds' if holds else 'FAILS'}: {claim}: {shown}"
            for claim, holds, shown in verdicts(result)
        ),
    ]
    return "\n".join(parts)


def _codes(result: Result) -> str:
    by_kind: dict[str, list[str]] = {}
    for (kind, code), number in sorted_codes(result.codes()):
        shown = f"{number:,}" if kind == LEFT else f"{number:,} x {code}"
        by_kind.setdefault(kind, []).append(shown)
    return "\n".join(_row(kind, found) for kind, found in by_kind.items())


def _pairs(latencies: list[tuple[float, float]]) -> list[str]:
    return [f"{p50:.0f} / {p99:.0f}" for p50, p99 in latencies]


def _row(name: str, values: list[str]) -> str:
    return f"{name:22}" + " ".join(f"{value:>14}" for value in values)
