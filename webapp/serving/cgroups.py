"""CPU and memory limits of this process's control groups, as containers set them.

Versions 1 and 2 are read, and a limit of any group from the process's own up to the
root of what is mounted. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/")
NO_LIMIT = 2**60  # bytes; version 1 writes a number near 2**63 for "none"


def cpu_limit(root: Path = ROOT) -> float | None:
    """The CPUs that this process may use at once by its quota; None: no limit.

    Args:
      root: the folder that proc/ and sys/ are in.
    """
    limits = []
    for folder in _groups(root, "cpu"):
        found = _numbers(folder / "cpu.max") or (
            *_numbers(folder / "cpu.cfs_quota_us"),
            *_numbers(folder / "cpu.cfs_period_us"),
        )
        if len(found) == 2 and min(found) > 0:
            limits.append(found[0] / found[1])
    return min(limits, default=None)


def memory_limit(root: Path = ROOT) -> int | None:
    """The bytes that this process and its group may use; None: no limit."""
    return min((limit for _, limit in _memory_limits(root)), default=None)


def free_memory(root: Path = ROOT) -> int | None:
    """The bytes of the limit that are free or can be freed; None: no limit."""
    free = [limit - _used(folder) for folder, limit in _memory_limits(root)]
    return max(0, min(free)) if free else None


def _memory_limits(root: Path) -> Iterator[tuple[Path, int]]:
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            for limit in _numbers(folder / name):
                if limit < NO_LIMIT:
                    yield folder, limit


def _used(folder: Path) -> int:
    """The bytes in use, without the files that the kernel can drop."""
    used = 0
    for name in ("memory.current", "memory.usage_in_bytes"):
        used += sum(_numbers(folder / name))
    droppable = {}
    with suppress(OSError, ValueError):
        lines = (folder / "memory.stat").read_text().splitlines()
        droppable = {name: int(count) for name, count in map(str.split, lines)}
    inactive = droppable.get("total_inactive_file", droppable.get("inactive_file", 0))
    return used - inactive


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that may limit this process, innermost first."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, names, path = line.split(":", 2)
        if not names:
            hierarchies = [mounts, mounts / "unified"]
        elif controller in names.split(","):
            hierarchies = [mounts / names, mounts / controller]
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for hierarchy in dict.fromkeys(hierarchies):
            for length in range(len(parts), -1, -1):
                yield hierarchy.joinpath(*parts[:length])


def _numbers(file: Path) -> tuple[int, ...]:
    """The numbers in a file; none if it is missing or says "max"."""
    try:
        return tuple(int(word) for word in file.read_text().split())
    except (OSError, ValueError):
        return ()
