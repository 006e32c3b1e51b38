"""What this machine can carry: how many workers, and how many threads in each."""

import os

import psutil

WORKER = 800e6  # bytes of a process with TensorFlow and small models, and some to spare
MOST = 64  # workers


def cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers() -> int:
    """How many processes serve best here: one a core, up to MOST.

    Each answers in one thread (scheduler.py): another core would be of use to it only
    within an operation of TensorFlow. They get a quarter of the memory that is
    free.
    """
    carried = int(psutil.virtual_memory().available / 4 / WORKER)
    return max(1, min(cores(), carried, MOST))


def threads(workers: int) -> int:
    """How many one operation in each of so many workers may use."""
    return max(1, cores() // workers)
