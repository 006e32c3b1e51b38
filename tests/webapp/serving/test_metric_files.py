"""The metric files of workers: their room, and what is left of them."""

import os

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from webapp.serving import metric_files


def test_files_have_all_their_bytes_on_the_disk(tmp_path):
    metric_files.reserve(tmp_path)
    files = [*tmp_path.iterdir()]
    assert len(files) == 2
    for file in files:
        assert file.stat().st_blocks * 512 >= metric_files.ROOM


def test_what_prometheus_client_writes_is_kept_after_the_end(tmp_path):
    metric_files.reserve(tmp_path)
    file = str(tmp_path / f"counter_{os.getpid()}.db")
    counts = MmapedDict(file)
    counts.write_value("requests", 3.0, 0.0)
    counts.close()
    metric_files.release(tmp_path, os.getpid())
    assert os.stat(file).st_size < 100
    (kept,) = MmapedDict.read_all_values_from_file(file)
    assert kept[:2] == ("requests", 3.0)
    assert [*tmp_path.iterdir()] == [tmp_path / f"counter_{os.getpid()}.db"]


def test_a_worker_without_room_serves_uncounted(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(values, "ValueClass", object)
    monkeypatch.setattr(metric_files, "KINDS", ("missing/counter",))
    metric_files.reserve(tmp_path)
    assert values.ValueClass is values.MutexValue
    assert "this worker's requests are not counted: [Errno 2]" in caplog.text
    assert not [*tmp_path.iterdir()]
