"""What sets up .venv: the versions that it takes, and environments half-made."""

import os
import subprocess
import sys

import pytest

from tools import set_up


@pytest.mark.parametrize(
    ("version", "which"), [((3, 9, 18), "old"), ((3, 14, 0), "new"), ((2, 7), "old")]
)
def test_a_python_too_old_or_too_new_is_one_sentence(version, which):
    with pytest.raises(
        SystemExit, match=f"{version[1]} .* is too {which}: Python 3.10"
    ):
        set_up.refuse_version(version)


@pytest.mark.parametrize("minor", [10, 13])
def test_versions_that_tensorflow_has_are_taken(minor):
    set_up.refuse_version((3, minor, 0))


@pytest.mark.slow
def test_a_half_made_environment_is_made_anew(tmp_path):
    broken = tmp_path / ".venv" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.touch()
    assert not set_up.has_pip(broken)
    assert set_up.has_pip(set_up.create_environment(tmp_path / ".venv"))


def test_an_environment_that_works_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(set_up, "has_pip", lambda python: True)
    monkeypatch.setattr(subprocess, "call", pytest.fail)
    found = set_up.create_environment(tmp_path)
    assert found == tmp_path / "bin" / "python"


def test_each_package_has_a_line(tmp_path, capfd):
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy\n")
    set_up.install(sys.executable, lock)
    assert "    1 numpy\n" in capfd.readouterr().out


def test_a_package_that_cannot_be_installed_is_a_sentence(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"file://{tmp_path}/missing-1.0.tar.gz\n")
    with pytest.raises(SystemExit, match="could not be installed: run the same"):
        set_up.install(sys.executable, lock)


@pytest.fixture
def set_up_in(tmp_path, monkeypatch):
    """A function that sets up a folder in which nothing needs to be installed."""
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "create_environment", lambda folder: folder)
    monkeypatch.setattr(set_up, "install", lambda python, lock: None)
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "package").touch()
    os.truncate(folder / "package", 2_940_000_000)  # of which the disk stores nothing
    return set_up.main


def test_the_size_and_the_time_are_the_last_line(set_up_in, capsys):
    set_up_in([])
    assert capsys.readouterr().out == ".venv is set up: 2.9 GB, 1 min\n"


def test_make_finds_the_marker_of_this_lock_only(set_up_in, tmp_path):
    (tmp_path / ".venv" / ".installed-1").touch()
    set_up_in([".venv/.installed-2"])
    assert [path.name for path in (tmp_path / ".venv").glob(".*")] == [".installed-2"]
