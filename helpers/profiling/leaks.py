"""Check whether a function leaks graphs, ops or memory over many calls.

Graphs and ops are counted exactly, so any growth in the last quarter of the calls is a
leak. Memory is noisy, and allocators keep freed memory: it may grow for a while and
level off. So after growing memory, two more quarters are measured.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import gc
import itertools
import linecache
import os
import statistics
import sys
import sysconfig
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import click
import tensorflow as tf

from helpers.profiling import functions, usage

NOISE_MIB = 0.5  # less growth in a quarter of the calls is no growth
FRAMES = 50  # of the traceback of each allocation
LIBRARIES = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")
)
OWN = (__file__, functions.__file__, usage.__file__)
Place: TypeAlias = tuple[str, int]  # file and line number


class Quarter(NamedTuple):
    """Graphs, memory and time, measured over a quarter of the calls."""

    calls: int
    graphs: int
    ops: int  # in all graphs
    graph_bytes: int  # of all GraphDefs
    rss_mib: float  # the least after any of the calls, without temporary memory
    peak_mib: float  # of the process so far
    milliseconds: float  # the median of a call


class Line(NamedTuple):
    """A line of the measured code, and how much each call leaves behind."""

    file: str
    number: int
    left: float  # ops, or bytes of memory

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.number).strip()
        return f"{os.path.relpath(self.file)}, line {self.number}: {code}"


class LeakReport(NamedTuple):
    """The quarters; what grows: "graphs", "memory" or None; the lines that cause it."""

    quarters: list[Quarter]
    grows: str | None
    lines: list[Line]

    def __str__(self) -> str:
        unit = "ops" if self.grows == "graphs" else "bytes"
        lines = [f"  {line} (+{line.left:,.4g} {unit} a call)" for line in self.lines]
        return "\n".join([_table(self.quarters), _verdict(self), *lines])


def find_leak(function: Callable[[], object], calls: int = 200) -> LeakReport:
    """A report on what grows when a function is called many times.

    Args:
      calls: at least 4, measured in four quarters; growing memory takes more calls.
    """
    quarters, hidden = [], not sys.stderr.isatty()
    with click.progressbar(
        range(4), label=f"{calls} calls", hidden=hidden, file=sys.stderr
    ) as numbers:
        for number in numbers:
            known = WeakKeyDictionary({g: len(g.get_operations()) for g in _graphs()})
            count = calls * (number + 1) // 4 - calls * number // 4
            quarters.append(_measure(function, count))
    third, last = quarters[-2:]
    if last.graphs > third.graphs or last.ops > third.ops:
        return LeakReport(quarters, "graphs", _lines_that_built(known, last.calls))
    memory = [quarter.rss_mib for quarter in quarters]
    if is_rising(memory):
        memory += [_measure(function, last.calls).rss_mib for _ in range(2)]
    if is_rising(memory):
        return LeakReport(quarters, "memory", _lines_that_keep(function, last.calls))
    return LeakReport(quarters, None, [])


def is_rising(rss_mib: list[float]) -> bool:
    """Whether memory rises in the last two steps, in the last at least half as fast."""
    *_, second, third, last = rss_mib
    before, now = third - second, last - third
    return min(before, now) > NOISE_MIB and now > before / 2


def _measure(function: Callable[[], object], calls: int) -> Quarter:
    measured = usage.measure_calls(function, calls)
    gc.collect()  # an unreferenced graph is in a reference cycle with its ops
    graphs = _graphs()
    return Quarter(
        calls,
        len(graphs),
        sum(len(graph.get_operations()) for graph in graphs),
        sum(graph.as_graph_def().ByteSize() for graph in graphs),
        min(measured.rss_mib),
        usage.peak_rss_mib(),
        statistics.median(measured.milliseconds),
    )


def _graphs() -> list[tf.Graph]:
    """All graphs of this process, those of tf.functions included."""
    return [found for found in gc.get_objects() if issubclass(type(found), tf.Graph)]


def _lines_that_built(known: WeakKeyDictionary, calls: int) -> list[Line]:
    """The lines that added ops after the first `known[graph]`, by ops' tracebacks."""
    built = Counter[Place | None]()
    for graph in _graphs():
        for op in graph.get_operations()[known.get(graph, 0) :]:
            built[_user_line((f.filename, f.lineno) for f in op.traceback)] += 1
    return _top_lines(built, calls)


def _lines_that_keep(function: Callable[[], object], calls: int) -> list[Line]:
    """The lines whose allocations are still in use after `calls` more calls."""
    tracemalloc.start(FRAMES)
    try:
        before = tracemalloc.take_snapshot()
        usage.measure_calls(function, calls)
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    kept = Counter[Place | None]()
    for change in after.compare_to(before, "traceback"):
        place = _user_line((f.filename, f.lineno) for f in change.traceback)
        kept[place] += change.size_diff
    least = NOISE_MIB * usage.MIB / 10
    return [line for line in _top_lines(kept, calls) if line.left * calls > least]


def _top_lines(found: Counter[Place | None], calls: int) -> list[Line]:
    """The three lines with the largest counts, which become counts a call."""
    named = Counter({place: count for place, count in found.items() if place})
    return [Line(*place, count / calls) for place, count in named.most_common(3)]


def _user_line(frames: Iterable[Place]) -> Place | None:
    """The innermost line that is neither of a library nor of this check."""
    for file, number in reversed(list(frames)):
        if not file.startswith((*LIBRARIES, "<")) and file not in OWN:
            return file, number
    return None


def _verdict(report: LeakReport) -> str:
    first, *_, third, last = report.quarters
    calls, now = last.calls, last.rss_mib - third.rss_mib
    if report.grows == "graphs":
        graphs = (last.graphs - third.graphs) / calls
        ops = (last.ops - third.ops) / calls
        size = (last.graph_bytes - third.graph_bytes) / calls
        new = f"graphs +{graphs:,.4g}, " if graphs else ""
        return f"leak: {new}ops +{ops:,.4g}, GraphDef {size:+,.0f} bytes a call"
    if report.grows == "memory":
        where = "kept by" if report.lines else "and no line of Python keeps it"
        return f"leak: memory +{1024 * now / calls:,.0f} KiB a call, {where}"
    risen = last.rss_mib - first.rss_mib
    if risen < NOISE_MIB:
        return "no leak: neither a graph nor the memory grew"
    how = "levelled off" if now < NOISE_MIB else "is slowing down: measure more calls"
    return f"no leak: no graph grew; memory rose by {risen:.1f} MiB and {how}"


def _table(quarters: list[Quarter]) -> str:
    ends = itertools.accumulate(quarter.calls for quarter in quarters)
    rows = {
        "calls up to": [f"{end:,}" for end in ends],
        "graphs": [f"{quarter.graphs:,}" for quarter in quarters],
        "ops in them": [f"{quarter.ops:,}" for quarter in quarters],
        "bytes of GraphDef": [f"{quarter.graph_bytes:,}" for quarter in quarters],
        "MiB now, at least": [f"{quarter.rss_mib:,.1f}" for quarter in quarters],
        "MiB at most, ever": [f"{quarter.peak_mib:,.1f}" for quarter in quarters],
        "ms a call, median": [f"{quarter.milliseconds:,.1f}" for quarter in quarters],
    }
    width = 2 + max(len(value) for row in rows.values() for value in row)
    lines = (f"{n:18}" + "".join(f"{v:>{width}}" for v in r) for n, r in rows.items())
    return "\n".join(lines)
