"""The lock of a training's folder ends with its process."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.locks import locked
from helpers.training.folder_lock import locked_folder
from helpers.training.save_errors import SaveError

ROOT = Path(__file__).parents[2]
HOLDING = """
import sys, time
from pathlib import Path
from helpers.locks import locked
with locked(Path(sys.argv[1])) as free:
    print(free, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path."""
    command = [sys.executable, "-c", HOLDING, tmp_path]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def test_a_folder_in_which_another_process_trains_is_refused(holder, tmp_path):
    with (
        pytest.raises(ValueError, match=r"another training runs in .*: wait until"),
        locked_folder(tmp_path),
    ):
        pass


def test_a_killed_process_leaves_no_lock_and_no_file(holder, tmp_path):
    holder.kill()
    holder.wait()
    with locked_folder(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_lock_is_free_again_after_its_block(tmp_path):
    for _ in range(2):
        with locked(tmp_path) as free, locked(tmp_path) as second:
            assert (free, second) == (True, False)


def test_a_folder_that_stays_empty_is_deleted(tmp_path):
    with locked_folder(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "net").write_text("x")
    with (
        pytest.raises(SaveError, match=r"net cannot be written to \(File exists\)"),
        locked_folder(tmp_path / "net"),
    ):
        pass
