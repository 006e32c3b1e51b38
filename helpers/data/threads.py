"""Runs a function over many files in threads, with a progress bar."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import click

T = TypeVar("T")
R = TypeVar("R")


def map_in_threads(task: Callable[[T], R], items: Sequence[T], label: str) -> list[R]:
    """The task's result for each item, in order.

    A terminal shows a progress bar with the label if there are 500 items or more.
    """
    pool = ThreadPoolExecutor(os.cpu_count())  # Pillow decodes without the GIL
    hidden = len(items) < 500 or not sys.stderr.isatty()
    try:
        results = pool.map(task, items)
        with click.progressbar(
            results, len(items), label, hidden=hidden, file=sys.stderr
        ) as bar:
            return list(bar)
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for queued items
