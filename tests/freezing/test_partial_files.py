"""Partial output files: those of killed processes are deleted, others are not."""

import os

import pytest

from helpers.freezing.partial_files import partial_file
from helpers.locks import locked


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_partial_file_is_deleted_at_the_end(tmp_path):
    with partial_file(tmp_path / "a.pb") as part:
        assert names_in(tmp_path) == [part.name] == [f".a.pb.{os.getpid()}.part"]
    assert names_in(tmp_path) == []


def test_those_of_killed_processes_are_deleted(tmp_path):
    for number in (7, os.getpid()):
        (tmp_path / f".a.pb.{number}.part").write_bytes(b"x")
    with partial_file(tmp_path / "a.pb") as part:
        assert names_in(tmp_path) == [part.name]
        assert part.read_bytes() == b""


def test_one_that_is_being_written_is_not_deleted(tmp_path):
    other = tmp_path / ".a.pb.7.part"
    other.write_bytes(b"x")
    with locked(other), partial_file(tmp_path / "a.pb"):
        assert other.read_bytes() == b"x"


@pytest.mark.parametrize("name", [".a.pb.7", ".b.pb.7.part", ".a.pb.x.part", "axpb"])
def test_files_of_other_names_are_not_deleted(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with partial_file(tmp_path / "a.pb"):
        pass
    assert names_in(tmp_path) == [name]


def test_two_threads_do_not_write_one_file(tmp_path):
    with (
        partial_file(tmp_path / "a.pb"),
        pytest.raises(OSError, match="another process or thread is writing it"),
        partial_file(tmp_path / "a.pb"),
    ):
        pass
