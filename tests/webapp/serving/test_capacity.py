"""The number of workers and threads for a machine."""

from types import SimpleNamespace

import pytest

from webapp.serving import capacity


@pytest.mark.parametrize(
    ("cores", "free", "workers", "threads"),
    [
        *[(1, 8, 1, 1), (2, 8, 2, 1), (4, 16, 4, 1), (8, 32, 8, 1), (64, 256, 64, 1)],
        *[(2, 3, 1, 2), (2, 6.3, 1, 2), (2, 6.5, 2, 1), (64, 16, 5, 12)],
        (192, 999, 64, 3),
    ],
)
def test_workers_are_as_many_as_cores_and_memory_allow(
    monkeypatch, cores, free, workers, threads
):
    monkeypatch.setattr(capacity, "cores", lambda: cores)
    memory = SimpleNamespace(available=free * 1e9)
    monkeypatch.setattr(capacity.psutil, "virtual_memory", lambda: memory)
    assert capacity.workers() == workers
    assert capacity.threads(workers) == threads
