"""What this machine can carry: how many workers, and how many threads in each."""

import os

import psutil

WORKER = 800e6  # bytes of a process with TensorFlow and small models, and some to spare


def cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers() -> int:
    """How many processes serve best here.

    In one of them, Python works on one request at a time, TensorFlow and the decoder
    on others meanwhile: Python is about a fifth of a request (benchmarks/costs.py),
    so a process keeps two cores busy. But with no more than four, each has one: that
    is quickest. They get a quarter of the memory that is free.
    """
    wanted = max(min(cores(), 4), cores() // 2)
    carried = int(psutil.virtual_memory().available / 4 / WORKER)
    return max(1, min(wanted, carried))


def threads(workers: int) -> int:
    """How many photos each of so many workers computes at once."""
    return max(1, cores() // workers)
