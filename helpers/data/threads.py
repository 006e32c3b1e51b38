"""Runs a function over many files in threads, and shows the progress."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from helpers.data.progress import progress

T = TypeVar("T")
R = TypeVar("R")

MOST_TOGETHER = 32  # items in one task: submitting a task costs as much as a thumbnail


def map_in_threads(task: Callable[[T], R], items: Sequence[T], label: str) -> list[R]:
    """The task's result for each item, in order.

    A terminal shows a progress bar with the label if there are 500 items or more.
    """
    threads = os.cpu_count() or 1
    together = max(1, min(MOST_TOGETHER, len(items) // (8 * threads)))
    parts = [items[i : i + together] for i in range(0, len(items), together)]
    pool = ThreadPoolExecutor(threads)  # Pillow decodes without the GIL
    results: list[R] = []
    try:
        with progress(label, len(items), hidden=len(items) < 500) as add:
            for part in pool.map(lambda part: [task(item) for item in part], parts):
                results += part
                add(len(part))
        return results
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for queued items
