"""The number of workers and threads for a machine."""

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
    monkeypatch.setattr(capacity, "cores", lambda root: cores)
    monkeypatch.setattr(capacity, "memory", lambda root: free * 1e9)
    assert capacity.workers() == workers
    assert capacity.threads(workers) == threads
