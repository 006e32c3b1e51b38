"""Limits of control groups, as containers of both versions show them."""

from pathlib import Path

import pytest

from webapp.serving import capacity
from webapp.serving.cgroups import cpu_limit, free_memory, memory_limit

MIB, GIB = 2**20, 2**30
V2 = {"proc/self/cgroup": "0::/\n"}
V1 = {"proc/self/cgroup": "4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n0::/\n"}
V1_GROUP = "sys/fs/cgroup/cpu,cpuacct/docker/ab"
NO_V1_LIMIT = "9223372036854771712"


def machine(root: Path, files: dict[str, str]) -> Path:
    """A root with these files in it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({}, None, id="not Linux"),
        pytest.param(V2, None, id="v2 without a limit"),
        pytest.param(V2 | {"sys/fs/cgroup/cpu.max": "max 100000\n"}, None, id="v2 max"),
        pytest.param(
            V2 | {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5, id="v2 quota"
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/kube/pod\n",
                "sys/fs/cgroup/kube/pod/cpu.max": "max 100000\n",
                "sys/fs/cgroup/kube/cpu.max": "50000 100000\n",
            },
            0.5,
            id="v2 of the group above",
        ),
        pytest.param(
            V1
            | {
                f"{V1_GROUP}/cpu.cfs_quota_us": "-1\n",
                f"{V1_GROUP}/cpu.cfs_period_us": "100000\n",
            },
            None,
            id="v1 without a limit",
        ),
        pytest.param(
            V1
            | {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3,
            id="v1 as a container sees it",
        ),
        pytest.param(
            V1 | {f"{V1_GROUP}/cpu.cfs_quota_us": "100000\n"}, None, id="v1 half"
        ),
    ],
)
def test_cpus_are_those_of_the_quota(tmp_path, files, cpus):
    assert cpu_limit(machine(tmp_path, files)) == cpus


def test_memory_of_version_2(tmp_path):
    files = V2 | {
        "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
        "sys/fs/cgroup/memory.current": f"{GIB}\n",
        "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {256 * MIB}\n",
    }
    root = machine(tmp_path, files)
    assert memory_limit(root) == 2 * GIB
    assert free_memory(root) == GIB + 256 * MIB


def test_memory_of_version_1(tmp_path):
    folder = "sys/fs/cgroup/memory/docker/ab"
    files = V1 | {
        f"{folder}/memory.limit_in_bytes": f"{2 * GIB}\n",
        f"{folder}/memory.usage_in_bytes": f"{GIB}\n",
        f"{folder}/memory.stat": f"inactive_file 1\ntotal_inactive_file {MIB}\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": NO_V1_LIMIT,
    }
    root = machine(tmp_path, files)
    assert memory_limit(root) == 2 * GIB
    assert free_memory(root) == GIB + MIB


@pytest.mark.parametrize("limit", ["max", NO_V1_LIMIT])
def test_no_limit_of_memory_is_none(tmp_path, limit):
    names = ("memory.max", "memory/docker/ab/memory.limit_in_bytes")
    files = {f"sys/fs/cgroup/{name}": limit for name in names}
    root = machine(tmp_path, V1 | files)
    assert (memory_limit(root), free_memory(root)) == (None, None)


def container(root: Path, cpus: float, limit: int) -> Path:
    files = V2 | {
        "sys/fs/cgroup/cpu.max": f"{int(cpus * 100000)} 100000\n",
        "sys/fs/cgroup/memory.max": f"{limit}\n",
        "sys/fs/cgroup/memory.current": "0\n",
    }
    return machine(root, files)


@pytest.mark.parametrize(
    ("cpus", "gib", "workers", "threads"),
    [(0.5, 8, 1, 1), (1.5, 8, 1, 1), (4, 16, 4, 1), (4, 5, 1, 4), (4, 7, 2, 2)],
)
def test_workers_and_threads_are_as_the_container_allows(
    monkeypatch, tmp_path, cpus, gib, workers, threads
):
    root = container(tmp_path, cpus, gib * GIB)
    monkeypatch.setattr(capacity.os, "sched_getaffinity", lambda _: range(64))
    monkeypatch.setattr(capacity.psutil, "virtual_memory", lambda: Host)
    assert capacity.workers(root) == workers
    assert capacity.threads(workers, root) == threads


class Host:
    available = 10**12


def test_too_little_memory_is_one_sentence(tmp_path):
    root = container(tmp_path, 1, 512 * MIB)
    sentence = capacity.warning(1, root)
    assert "may need 800 MB" in sentence
    assert "allowed 537 MB" in sentence
    assert capacity.warning(2, root).endswith(
        "raise its memory limit or set --workers 1"
    )
    assert capacity.warning(1, container(tmp_path, 1, GIB)) is None
