"""What sets up .venv: the versions that it takes, and environments half-made."""

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
