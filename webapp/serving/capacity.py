"""The number of workers for this machine, and of TensorFlow threads in each."""

import os

import psutil

WORKER_BYTES = 800e6  # a process with TensorFlow and small models, with a margin
MAX_WORKERS = 64


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers() -> int:
    """The default number of workers: one for each core, up to MAX_WORKERS.

    Each answers in one thread (scheduler.py). All together may use a quarter of the
    free memory.
    """
    fitting = int(psutil.virtual_memory().available / 4 / WORKER_BYTES)
    return max(1, min(cores(), fitting, MAX_WORKERS))


def threads(workers: int) -> int:
    """The intra-op threads of TensorFlow in each of so many workers."""
    return max(1, cores() // workers)
