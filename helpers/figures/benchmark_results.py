"""Results of benchmarks/serving.py as tables, and compared with their targets.

Latencies are in milliseconds, rates in photos a second.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"
BEFORE = RESULTS.with_name("results-before.json")  # the previous run's
APP, LIMIT = "this app", "the limit: no web server"
LESSON, RELOAD = "the lesson: session per request", "the lesson: reload per request"
NO_PEERS = (LESSON, RELOAD, APP, LIMIT)


class Target(NamedTuple):
    """The minimum wanted of a ratio, and the measured value."""

    what: str
    wanted: float
    measured: float

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted

    def __str__(self) -> str:
        verdict = "met" if self.met else "not met"
        return f"{self.what}: {self.measured:.2f}, wanted {self.wanted:g}: {verdict}"


def read_results(path: Path = RESULTS) -> dict:
    """The results of the last complete run of benchmarks/serving.py."""
    return json.loads(path.read_text())


def table(servers: Mapping[str, Mapping]) -> list[str]:
    """The lines of a Markdown table of the servers, the slowest first.

    The last column is this app's rate at 16 connections divided by the server's.
    """
    speeds = ["req/s at 1", "at 16", "at 64"]
    heads = ["server", *speeds, "p50 / p99 at 16", "lost", "MB", "this app is"]
    ours = servers.get(APP, {}).get("rate 16", 0)
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for name in sorted(servers, key=lambda name: servers[name]["rate 16"]):
        found = servers[name]
        rates = [number(found.get(f"rate {n}")) for n in (1, 16, 64)]
        answers = found["rate 16"] > 0  # else there is no latency
        latency = [number(found.get(f"{key} 16")) for key in ("p50", "p99") if answers]
        lost = sum(value for key, value in found.items() if key.startswith("errors"))
        spread = " / ".join(filter(None, latency))
        last = [f"{lost:.0f}", number(found["MB"])] if "MB" in found else ["", ""]
        last.append(f"{ours / found['rate 16']:.2f} x" if answers else "")
        bold = "**" if name == APP else ""
        rows.append([f"{bold}{name}{bold}", *rates, spread, *last])
    return [f"| {' | '.join(row)} |" for row in rows]


def targets(results: Mapping) -> list[Target]:
    """The targets with the values that one run measured."""
    servers = results["servers"]
    app, limit, lesson = servers[APP], servers[LIMIT]["rate 16"], servers[LESSON]
    peers = {name: found for name, found in servers.items() if name not in NO_PEERS}
    best = max(peers, key=lambda name: peers[name]["rate 16"])
    rate = app["rate 16"]
    found = [
        Target("times the lesson's server", 100, rate / lesson["rate 16"]),
        Target(f"times the best peer ({best})", 1.5, rate / peers[best]["rate 16"]),
        Target("of the limit, photo as the body", 0.55, app["raw 16"] / limit),
        Target("of the limit, multipart", 0.5, rate / limit),
    ]
    for key in ("p50", "p99"):
        for n in (1, 16, 64):
            theirs = peers[best][f"{key} {n}"]
            what = f"the best peer's {key} at {n} over ours"
            found.append(Target(what, 1, theirs / app[f"{key} {n}"]))
    return [*found, *_case_targets(results), *_start_targets(results)]


def verdicts(results: Mapping, before: Mapping) -> list[str]:
    """Each target as text, with the previous run's value to show the variation."""
    earlier = {target.what: target.measured for target in targets(before)}
    return [
        f"{target} (the run before: {earlier[target.what]:.2f})"
        if target.what in earlier
        else str(target)
        for target in targets(results)
    ]


def _case_targets(results: Mapping) -> Iterator[Target]:
    large = dict(results.get("cases", {}).get("12 megapixels", {}))
    if large:
        rate = large.pop(APP)["rate 16"]
        large.pop(LIMIT)
        best = max(found["rate 16"] for found in large.values())
        yield Target("times the best peer, 12 megapixels", 4, rate / best)


def _start_targets(results: Mapping) -> Iterator[Target]:
    start = results.get("growth", {}).get("start")
    if start:
        allowed = (start["import"] + 3) / start["first answer"]
        yield Target("TensorFlow's import + 3 s, over the first answer", 1, allowed)
        allowed = (start["bare MB"] + 60) / start["worker MB"]
        yield Target("bare TensorFlow's memory + 60 MB, over a worker's", 1, allowed)


def lines(results: Mapping) -> Iterator[str]:
    """All results and targets, as lines for a terminal."""
    yield ", ".join(results["machine"].values())
    yield from table(results["servers"])
    for name, servers in results.get("cases", {}).items():
        yield from ("", f"{name}, 16 connections", *table(servers))
    for title, rows in results.get("growth", {}).items():
        yield from ("", title)
        for name, found in rows.items():
            yield f"  {name}: {_facts(found)}"
    for rate, load in results.get("arrivals", {}).items():
        yield f"  {rate} photos arrive a second: {_facts(load)}"
    if {APP, LESSON, LIMIT} < results["servers"].keys():
        yield from ("", *map(str, targets(results)))


def _facts(found: Mapping | float) -> str:
    if not isinstance(found, Mapping):
        return number(found)
    return ", ".join(f"{key} {number(value)}" for key, value in found.items())


def number(value: float | None) -> str:
    """A number as text: one decimal below 100, none above; "" for None."""
    if value is None:
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
