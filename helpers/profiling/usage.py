"""Time and memory of this process, with the units that are easy to get wrong.

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
    """Memory this process has in RAM now, in MiB."""
    return psutil.Process().memory_info().rss / MIB


def peak_rss_mib() -> float:
    """The most it ever had, in MiB: a high-water mark, which never falls.

    `ru_maxrss` counts KiB on Linux and bytes on macOS.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024


class Calls(NamedTuple):
    """What each of N calls took; every list has N numbers, or none was counted."""

    milliseconds: list[float]
    rss_mib: list[float]
    ops: list[int]


def measure_calls(
    function: Callable[[], object],
    calls: int,
    count_ops: Callable[[], int] | None = None,
) -> Calls:
    """Call a function many times; after each call, note time, memory and op count."""
    measured = Calls([], [], [])
    for _ in range(calls):
        started = time.perf_counter()
        function()
        measured.milliseconds.append((time.perf_counter() - started) * 1000)
        measured.rss_mib.append(rss_mib())
        if count_ops:
            measured.ops.append(count_ops())
    return measured
