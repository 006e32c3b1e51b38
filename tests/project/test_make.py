"""The Makefile, run in a folder of its own; nothing is installed here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("demo", "test", "lab", "train", "bench", "clean")
SETTINGS = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON", "HOST", "PORT", "NETWORK")
WANTED = (
    "Python 3.10, 3.11, 3.12 or 3.13 with venv is needed: "
    "install one, or name it with make PYTHON=/path/to/python3"
)


@pytest.fixture
def make(tmp_path):
    """Runs make on a copy of the Makefile, with the folder as `make.folder`."""
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    usual = {name: value for name, value in os.environ.items() if name not in SETTINGS}

    def run(*arguments, path=None):
        known = {"PATH": str(path)} if path else {"PYTHON": "python3"}  # looks for none
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=tmp_path,
            env=usual | known,
            capture_output=True,
            text=True,
            timeout=60,
        )

    run.folder = tmp_path
    return run


@pytest.fixture
def bare(tmp_path):
    """A PATH with the tools that every machine has, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("awk", "cat", "cksum", "cut", "make", "rm", "sed", "sh", "touch"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def add_python(folder, name, status):
    """An interpreter that says yes (0) or no (1) when asked whether it is suitable."""
    (folder / name).write_text(f"#!/bin/sh\nexit {status}\n")
    (folder / name).chmod(0o755)


def set_up(make):
    """What a finished installation leaves behind."""
    done = make("-n", "demo").stdout.rpartition("touch ")[2].split()[0]
    (make.folder / done).parent.mkdir()
    (make.folder / done).touch()


@pytest.mark.parametrize("target", TARGETS)
def test_make_alone_says_what_each_target_does(make, target):
    lines = make().stdout.splitlines()
    (line,) = [line for line in lines if line.split()[:2] == ["make", target]]
    assert len(line.split()) > 3


def test_make_alone_needs_no_python_and_no_uncommon_tool(make, bare):
    alone = make(path=bare)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "make demo" in alone.stdout


def test_demo_serves_at_the_usual_address(make):
    assert "webapp/app.py --host 127.0.0.1 --port 5000\n" in make("-n", "demo").stdout


def test_demo_serves_where_it_is_told(make):
    planned = make("-n", "demo", "PORT=5055", "HOST=0.0.0.0").stdout
    assert "webapp/app.py --host 0.0.0.0 --port 5055\n" in planned


def test_train_unpacks_a_zip_first_and_freezes_resnet_in_sixteen_bits(make):
    planned = make("-n", "train", "NETWORK=resnet", "ZIP=photos.zip").stdout
    steps = re.findall(r"-m helpers (\w+)", planned)
    assert steps == ["download", "train", "freeze"]
    assert "--from photos.zip --data data" in planned
    assert planned.rstrip().endswith("freeze checkpoints/resnet --weights float16")


def test_train_takes_network_and_data(make):
    planned = make("-n", "train", "NETWORK=resnet", "DATA=data/pets").stdout
    assert "train data/pets --network resnet --out checkpoints/resnet\n" in planned


def test_no_interpreter_is_one_line_that_says_which_is_wanted(make):
    refused = make("demo", "PYTHON=")
    assert refused.returncode == 2
    assert refused.stdout.splitlines() == [WANTED]


def test_a_machine_without_python_gets_the_same_line(make, bare):
    add_python(bare, "python3", 1)
    assert make("demo", path=bare).stdout.splitlines() == [WANTED]


def test_a_suitable_interpreter_is_found(make, bare):
    for name, status in (("python3.12", 1), ("python3.10", 0), ("python3", 1)):
        add_python(bare, name, status)
    assert "python3.10 -m venv .venv\n" in make("-n", "demo", path=bare).stdout


def test_this_python_is_suitable(make, bare):
    (bare / "python3").symlink_to(sys.executable)
    assert "python3 -m venv .venv\n" in make("-n", "demo", path=bare).stdout


def test_a_second_run_starts_at_once(make):
    set_up(make)
    assert make("-n", "demo").stdout.splitlines() == [
        ".venv/bin/python webapp/app.py --host 127.0.0.1 --port 5000"
    ]


def test_a_lock_that_is_only_newer_installs_nothing(make):
    set_up(make)
    os.utime(make.folder / "requirements.lock", (2**31, 2**31))
    assert "pip install" not in make("-n", "demo").stdout


def test_a_changed_lock_is_installed(make):
    set_up(make)
    with (make.folder / "requirements.lock").open("a") as lock:
        lock.write("another==1.0\n")
    assert "pip install" in make("-n", "demo").stdout
