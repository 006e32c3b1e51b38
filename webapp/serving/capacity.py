"""The number of workers for this machine, and of TensorFlow threads in each."""

import os

import psutil

WORKER = 800e6  # bytes of a process with TensorFlow and small models, and some to spare
MOST = 64  # workers


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers() -> int:
    """The default number of workers: one a core, up to MOST.

    Each answers in one thread (scheduler.py). Together they may use a quarter of the
    memory that is free.
    """
    carried = int(psutil.virtual_memory().available / 4 / WORKER)
    return max(1, min(cores(), carried, MOST))


def threads(workers: int) -> int:
    """The number of threads that one operation may use in each of so many workers."""
    return max(1, cores() // workers)
