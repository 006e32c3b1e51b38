"""The Makefile, run on a copy; nothing is installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("demo", "test", "lab", "train", "bench", "clean")
SETTINGS = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ZIP", "HOST", "LAB"} | {
    *re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(), re.M)
}
WANTED = (
    "Python 3.10, 3.11, 3.12 or 3.13 with venv is needed: "
    "install one, or name it with make PYTHON=/path/to/python3"
)


@pytest.fixture
def make(tmp_path):
    """A function that runs make on a copy of the Makefile, in `make.folder`."""
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    usual = {name: value for name, value in os.environ.items() if name not in SETTINGS}

    def run(*arguments, path=None):
        # a given PYTHON spares the search for a suitable interpreter
        settings = {"PATH": str(path)} if path else {"PYTHON": "python3"}
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=run.folder,
            env=run.environment | settings,
            capture_output=True,
            text=True,
            timeout=60,
        )

    run.folder, run.environment = tmp_path, usual
    return run


@pytest.fixture
def tools(tmp_path):
    """A folder for PATH that holds common tools, but no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("awk", "cat", "cksum", "cut", "make", "rm", "sed", "sh", "touch"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def add_python(folder, name, status):
    """Add an interpreter that exits with a status: 0 means a suitable version."""
    (folder / name).write_text(f"#!/bin/sh\nexit {status}\n")
    (folder / name).chmod(0o755)


def set_up(make):
    """Create the file that marks a finished installation."""
    done = make("-n", "demo").stdout.partition("tools/set_up.py ")[2].split()[0]
    (make.folder / done).parent.mkdir()
    (make.folder / done).touch()


@pytest.mark.parametrize("target", TARGETS)
def test_make_alone_says_what_each_target_does(make, target):
    lines = make().stdout.splitlines()
    (line,) = [line for line in lines if line.split()[:2] == ["make", target]]
    assert len(line.split()) > 3


def test_make_alone_needs_no_python_and_no_uncommon_tool(make, tools):
    alone = make(path=tools)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "make demo" in alone.stdout


def test_demo_takes_host_and_port(make):
    planned = make("-n", "demo", "PORT=5055", "HOST=0.0.0.0").stdout
    assert "webapp/app.py --host 0.0.0.0 --port 5055\n" in planned


def test_a_variable_of_the_shell_is_no_host(make, monkeypatch):
    monkeypatch.setitem(make.environment, "HOST", "my-laptop")
    assert "--host 127.0.0.1" in make("-n", "demo").stdout


def test_lab_takes_options_and_runs_as_root_where_that_is_the_user(make):
    planned = make("-n", "lab", "LAB=--port 8890").stdout
    assert planned.rstrip().endswith("--port 8890")
    assert ("--allow-root" in planned) == (os.geteuid() == 0)


def test_train_unpacks_a_zip_first_and_freezes_resnet_in_sixteen_bits(make):
    planned = make("-n", "train", "NETWORK=resnet", "ZIP=photos.zip").stdout
    steps = re.findall(r"-m helpers (\w+)", planned)
    assert steps == ["download", "train", "freeze"]
    assert "--from photos.zip --data data" in planned
    assert planned.rstrip().endswith("freeze checkpoints/resnet --weights float16")


def test_train_takes_network_and_data(make):
    planned = make("-n", "train", "NETWORK=resnet", "DATA=data/pets").stdout
    assert "train data/pets --network resnet --out checkpoints/resnet\n" in planned


def test_train_takes_names_with_spaces(make):
    planned = make("-n", "train", "DATA=my photos", "ZIP=~/my photos.zip").stdout
    assert r"download --from ~/my\ photos.zip --data my\ photos" in planned
    assert r"helpers train my\ photos --network" in planned


@pytest.mark.parametrize("classes", [("cat", "dog"), ("cat", "fox")], ids=" ".join)
def test_drawings_are_mixed_with_cats_and_dogs_only(make, classes):
    for name in classes:
        (make.folder / "my photos" / "cats-dogs" / name).mkdir(parents=True)
    planned = make("-n", "train", "DATA=my photos").stdout
    (line,) = [line for line in planned.splitlines() if "helpers train" in line]
    options = subprocess.check_output(["sh", "-c", f"echo {line}"], cwd=make.folder)
    assert (b"--drawings" in options) == (classes == ("cat", "dog"))


def test_without_a_suitable_interpreter_one_line_names_the_suitable_ones(make, tools):
    add_python(tools, "python3", 1)
    refused = make("demo", path=tools)
    assert (refused.returncode, refused.stdout) == (2, f"{WANTED}\n")


def test_a_suitable_interpreter_is_found(make, tools):
    for name, status in (("python3.12", 1), ("python3.10", 0), ("python3", 1)):
        add_python(tools, name, status)
    assert "python3.10 tools/set_up.py .venv/" in make("-n", "demo", path=tools).stdout


def test_this_python_is_suitable(make, tools):
    (tools / "python3").symlink_to(sys.executable)
    assert "python3 tools/set_up.py .venv/" in make("-n", "demo", path=tools).stdout


def test_a_second_run_starts_at_once(make):
    set_up(make)
    assert make("-n", "demo").stdout.splitlines() == [
        ".venv/bin/python webapp/app.py --host 127.0.0.1 --port 5000"
    ]


def test_a_lock_that_is_only_newer_installs_nothing(make):
    set_up(make)
    os.utime(make.folder / "requirements.lock", (2**31, 2**31))
    assert "set_up.py" not in make("-n", "demo").stdout


PROGRAM = """import subprocess, sys
print(sys.prefix)
print(subprocess.check_output([f"{sys.prefix}/bin/pip", "--version"], text=True))
"""


@pytest.mark.slow
@pytest.mark.ci
def test_the_project_s_folder_may_have_spaces_and_any_letters(make, tmp_path):
    make.folder = folder = tmp_path / "Ordner für Łódź 猫"
    for name in ("Makefile", "tools/set_up.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.lock").touch()
    (folder / "webapp").mkdir()
    (folder / "webapp" / "app.py").write_text(PROGRAM)
    served = make("demo")
    assert served.returncode == 0, served.stderr
    assert f"\n{folder}/.venv\npip " in served.stdout


def test_a_changed_lock_is_installed(make):
    set_up(make)
    with (make.folder / "requirements.lock").open("a") as lock:
        lock.write("another==1.0\n")
    assert "set_up.py" in make("-n", "demo").stdout
