"""The folder that the workers share: where it is, and that none is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from webapp.serving import state_folder
from webapp.serving.state_folder import NAME, NEW, create_folder, hold, remove_abandoned

USER = """
import sys
from webapp.serving.state_folder import create_folder, hold
folder = create_folder()
lock = hold(folder)
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def parents(tmp_path, monkeypatch):
    """The folders for temporary files and in memory, both empty."""
    temporary, memory = tmp_path / "tmp", tmp_path / "shm"
    for folder in (temporary, memory):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(state_folder, "MEMORY", memory)
    return temporary, memory


def abandoned(parent: Path, name: str = "old") -> Path:
    """A folder that a killed process has left, with a lock that nobody holds."""
    folder = parent / f"{NAME}{name}"
    folder.mkdir()
    hold(folder).close()
    return folder


@pytest.mark.slow
def test_the_folder_of_a_killed_process_is_removed_by_the_next_start(parents):
    command = [sys.executable, "-c", USER]
    environment = os.environ | {"TMPDIR": str(parents[0])}
    user = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    folder = Path(user.stdout.readline().decode().strip())
    remove_abandoned()
    assert folder.is_dir()  # it is in use
    user.send_signal(signal.SIGKILL)
    user.communicate()
    remove_abandoned()
    assert not folder.exists()


def test_a_folder_in_use_stays(parents):
    folder = create_folder()
    with hold(folder):
        remove_abandoned()
        assert folder.is_dir()
    remove_abandoned()
    assert not folder.exists()


def test_a_folder_that_is_just_made_stays(parents):
    folder = Path(tempfile.mkdtemp(prefix=NAME))
    remove_abandoned()
    assert folder.is_dir()
    old = folder.stat().st_mtime - NEW - 1
    os.utime(folder, (old, old))
    remove_abandoned()
    assert not folder.exists()


def test_links_and_other_folders_stay(parents, tmp_path):
    (tmp_path / "target").mkdir()
    (parents[0] / f"{NAME}link").symlink_to(tmp_path / "target")
    (parents[0] / "other").mkdir()
    remove_abandoned()
    assert (tmp_path / "target").is_dir()
    assert (parents[0] / "other").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")
def test_folders_of_other_users_stay(parents):
    folder = abandoned(parents[0])
    shutil.chown(folder, 12345)
    remove_abandoned()
    assert folder.is_dir()


def test_without_a_temporary_folder_it_is_in_memory(parents, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    assert create_folder().parent == parents[1]


def test_a_full_memory_folder_is_not_used(parents, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    monkeypatch.setattr(state_folder, "MEMORY_BYTES", 1e18)
    with pytest.raises(OSError, match="set TMPDIR to one that this user may write to"):
        create_folder()


def no_folder():
    raise FileNotFoundError("No usable temporary directory found")
