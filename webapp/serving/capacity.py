"""The number of workers for this machine or container, and of threads in each."""

import os
from pathlib import Path

import psutil

from webapp.serving.cgroups import ROOT, cpu_limit, free_memory, memory_limit

WORKER_BYTES = 800e6  # a process with TensorFlow and small models, with a margin
MAX_WORKERS = 64


def cores(root: Path = ROOT) -> int:
    """The number of cores that this process may use.

    A quota is rounded down: workers that share a core's fraction pause in turns.

    Args:
      root: the folder that proc/ and sys/ are in, for the limits of the container.
    """
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    limit = cpu_limit(root)
    return max(1, allowed if limit is None else min(allowed, int(limit)))


def memory(root: Path = ROOT) -> int:
    """The bytes of memory that are free for this process."""
    free, available = free_memory(root), psutil.virtual_memory().available
    return available if free is None else min(free, available)


def workers(root: Path = ROOT) -> int:
    """The default number of workers: one for each core, up to MAX_WORKERS.

    Each computes one batch of photos at a time, unless one takes long (scheduler.py).
    All together may use a quarter of the free memory.
    """
    fitting = int(memory(root) / 4 / WORKER_BYTES)
    return max(1, min(cores(root), fitting, MAX_WORKERS))


def threads(workers: int, root: Path = ROOT) -> int:
    """The intra-op threads of TensorFlow in each of so many workers."""
    return max(1, cores(root) // workers)


def warning(workers: int, root: Path = ROOT) -> str | None:
    """A sentence if the container's memory is too small for so many workers."""
    limit = memory_limit(root)
    if limit is None or limit >= workers * WORKER_BYTES:
        return None
    advice = "raise its memory limit" + (" or set --workers 1" if workers > 1 else "")
    return (
        f"TensorFlow may need {workers * WORKER_BYTES / 1e6:.0f} MB here (--workers "
        f"{workers}), and this container is allowed {limit / 1e6:.0f} MB: if it is "
        f"killed, {advice}"
    )
