"""Measure time and memory of this process.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil

MIB = 2**20


def rss_mib() -> float:
    """The resident set size of this process, in MiB."""
    return psutil.Process().memory_info().rss / MIB


def peak_rss_mib() -> float:
    """The largest resident set size that this process ever had, in MiB."""
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024


class Calls(NamedTuple):
    """Measurements after each of N calls; every list has N numbers."""

    milliseconds: list[float]
    rss_mib: list[float]
    ops: list[int]  # empty where ops were not counted


def measure_calls(
    function: Callable[[], object],
    calls: int,
    count_ops: Callable[[], int] | None = None,
) -> Calls:
    """Calls a function many times; measures time, memory and op count of each call."""
    measured = Calls([], [], [])
    for _ in range(calls):
        started = time.perf_counter()
        function()
        measured.milliseconds.append((time.perf_counter() - started) * 1000)
        measured.rss_mib.append(rss_mib())
        if count_ops:
            measured.ops.append(count_ops())
    return measured
