"""Training, freezing and downloading on disks that are full or read-only."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ci]

DISKS = pytest.mark.parametrize(
    ("disk", "cause"),
    [("full", "No space left on device"), ("read-only", "Read-only file system")],
)

HERE = Path(__file__).parent
NET = ["checkpoint", "history.csv", "training.png"]


def files_of(name):
    """The files in the folder `net` of a training whose checkpoint has this name."""
    ends = ("data-00000-of-00001", "index", "meta")
    return sorted(f"net/{file}" for file in [*NET, *(f"{name}.{end}" for end in ends)])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each scenario of disk_scenarios.py did, by its name."""
    mounting = ["unshare", "-m"]
    if not shutil.which("unshare") or subprocess.run([*mounting, "true"]).returncode:
        pytest.skip("needs a mount namespace of its own, which only root may make")
    script = [sys.executable, HERE / "disk_scenarios.py"]
    folder = tmp_path_factory.mktemp("disks")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(
        [*mounting, *script, folder],
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        env=environment,
    )
    assert run.returncode == 0
    return json.loads(run.stdout)


def test_no_scenario_ends_with_a_traceback(found):
    for name, one in found.items():
        assert "Traceback" not in one["errors"] + one["output"], name
        assert one["status"] in (0, 1, 2), name


# Training


def test_a_full_disk_ends_a_training_with_a_sentence(found):
    full = found["train, full"]
    assert full["status"] == 1
    *_, last = full["errors"].splitlines()
    assert last.startswith("train: ")
    assert last.endswith(
        "disk/net cannot be written to (No space left on device): make room there, and "
        "run the same command again: it resumes at the last checkpoint that is there"
    )


def test_the_last_checkpoint_is_whole_and_alone_on_a_full_disk(found):
    full = found["train, full"]
    assert (full["steps"], full["damages"]) == (2, 0)
    assert full["files"] == files_of("model-ckpt")


def test_the_same_command_resumes_when_there_is_room_again(found):
    again = found["train, room again"]
    assert (again["status"], again["steps"], again["damages"]) == (0, 4, 0)
    assert "resuming after 50% of 2 epochs" in again["output"]
    assert again["files"] == files_of("model-ckpt")


@pytest.mark.parametrize("name", ["train on, read-only", "train anew, read-only"])
def test_a_read_only_disk_is_refused_before_the_first_step(found, name):
    assert found[name]["status"] == 1
    assert "epoch" not in found[name]["output"].partition("expected:")[2]
    assert (
        "cannot be written to (Read-only file system): make it writable or choose "
        "another folder with --out" in found[name]["errors"]
    )
    assert found[name]["files"] == files_of("model-ckpt")


def test_a_finished_training_is_found_on_a_read_only_disk(found):
    again = found["train again, read-only"]
    assert again["status"] == 0
    assert "nothing to do" in again["output"]


def test_no_descriptor_left_is_not_taken_for_photos_that_cannot_be_read(found):
    few = found["train, few descriptors"]
    assert few["status"] in (1, 2)
    assert "Too many open files" in few["errors"]
    assert "left out" not in few["errors"]
    assert few["files"] == files_of("model-ckpt")


# Freezing, downloading, no temporary folder


@DISKS
def test_freezing_leaves_the_old_file_alone(found, disk, cause):
    freeze = found[f"freeze, {disk}"]
    assert freeze["files"] == ["model.pb"]
    assert freeze["status"] == 2
    first, fix = freeze["errors"].splitlines()
    assert first.endswith(f"model.pb cannot be written: {cause}")
    assert fix == "choose another place with --output, or make room there"


@DISKS
def test_downloading_leaves_nothing_behind(found, disk, cause):
    download = found[f"download, {disk}"]
    assert download["files"] == []
    assert download["status"] == 2
    assert f"cats-dogs ({cause})" in download["errors"].splitlines()[-1]


@pytest.mark.parametrize("command", ["train", "freeze"])
def test_commands_do_without_a_temporary_folder(found, command):
    one = found[f"{command}, no temporary folder"]
    assert one["status"] == 0
    assert "model.pb" in one["files"] or command == "train"
