"""Shows how far long work is: a bar in a terminal, elsewhere a line now and then."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

LINE_SECONDS = 30.0  # without a terminal, the longest time without a line


class _Lines:
    """Whether lines are wanted, and when the last one was printed."""

    wanted = False
    last = 0.0
    lock = threading.Lock()


def print_progress_lines(wanted: bool = True) -> None:
    """From now on, work without a terminal prints a line every LINE_SECONDS.

    The default is silence, because a notebook would store the lines.
    """
    _Lines.wanted, _Lines.last = wanted, time.monotonic()


def print_line(text: str) -> None:
    """Print a line on standard output; the next progress line waits accordingly."""
    click.echo(text)
    _Lines.last = time.monotonic()


@contextmanager
def progress(
    label: str, length: int | None = None, *, hidden: bool = False
) -> Iterator[Callable[[int], None]]:
    """Shows the progress of the block; yields a function that adds finished items.

    Args:
      length: the number of items, if there are any to count.
      hidden: show no bar in a terminal.
    """
    if sys.stderr.isatty():
        hidden |= length is None
        with click.progressbar(
            length=length or 0, label=label, hidden=hidden, file=sys.stderr
        ) as bar:
            yield bar.update
        return
    counter = _Counter(label, length)
    try:
        yield counter.add
    finally:
        counter.stop()


class _Counter:
    """Prints `label: 120 of 500` to standard error whenever a line is due."""

    def __init__(self, label: str, length: int | None):
        self.label, self.length, self.done = label, length, 0
        self.stopped = threading.Event()
        if _Lines.wanted:
            threading.Thread(target=self._print_lines, daemon=True).start()

    def add(self, count: int) -> None:
        self.done += count

    def stop(self) -> None:
        self.stopped.set()

    def _print_lines(self) -> None:
        while not self.stopped.wait(self._seconds_left()):
            with _Lines.lock:
                if self._seconds_left() <= 0:
                    click.echo(self._text(), err=True)
                    _Lines.last = time.monotonic()

    def _seconds_left(self) -> float:
        return max(0.0, _Lines.last + LINE_SECONDS - time.monotonic())

    def _text(self) -> str:
        if self.length is None:
            return f"{self.label} …"
        return f"{self.label}: {self.done:,} of {self.length:,}"
