"""Waits until a condition holds, for tests of threads and processes."""

import time
from collections.abc import Callable


def wait_for(
    condition: Callable[[], object], seconds: float = 60, *, pause: float = 0.02
) -> None:
    """Return when it holds; the test fails if that takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(pause)
