"""The metric files of workers: their room, and what is left of them."""

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from webapp.serving import metric_files


def test_files_have_all_their_bytes_on_the_disk(tmp_path):
    metric_files.reserve(tmp_path)
    files = [*tmp_path.iterdir()]
    assert len(files) == 2
    for file in files:
        assert file.stat().st_blocks * 512 >= metric_files.ROOM


def count(folder, pid: int, number: float) -> None:
    """Write the counter of a process as prometheus_client does."""
    metric_files.create(folder, pid)
    counts = MmapedDict(str(folder / f"counter_{pid}.db"))
    counts.write_value("requests", number, 0.0)
    counts.close()


def test_the_counts_of_processes_that_ended_are_one_sum(tmp_path):
    metric_files.create(tmp_path)
    for pid in (11, 12):
        count(tmp_path, pid, pid)
        metric_files.add_to_ended(tmp_path, pid)
    assert {path.name for path in tmp_path.iterdir()} == {
        "counter_0.db",
        "histogram_0.db",
    }
    (kept,) = MmapedDict.read_all_values_from_file(tmp_path / "counter_0.db")
    assert kept[:2] == ("requests", 23.0)


def test_a_worker_without_room_serves_uncounted(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(values, "ValueClass", object)
    monkeypatch.setattr(metric_files, "KINDS", ("missing/counter",))
    metric_files.reserve(tmp_path)
    assert values.ValueClass is values.MutexValue
    assert "this worker's requests are not counted: [Errno 2]" in caplog.text
    assert not [*tmp_path.iterdir()]
