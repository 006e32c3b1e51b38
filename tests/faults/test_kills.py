"""Commands that are killed between any two of their calls, and run once more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kills.tracer import NAMES, NUMBERS

ROOT = Path(__file__).parents[2]
QUICK = ("save", "download", "download --from")


def kill(times, names, file):
    """The exit status, what was printed, and the tallies of the benchmark."""
    command = [sys.executable, "-m", "benchmarks.kills", "--times", str(times)]
    command += [word for name in names for word in ("--command", name)]
    run = subprocess.run(
        [*command, "--json", file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if "nothing was killed" in run.stderr:
        pytest.skip(run.stderr.strip())
    assert file.exists(), run.stderr[-3000:]
    return run, json.loads(file.read_text())


def assert_whole(run, tallies, times):
    assert run.returncode == 0, run.stdout
    assert sum(tally["kills"] for tally in tallies) == times
    for tally in tallies:
        assert tally["damaged"] == 0
        assert tally["old"] + tally["new"] == tally["swept"] == tally["kills"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("times", "names"),
    [
        pytest.param(20, QUICK, id="quick"),
        pytest.param(
            16, ("train", "train, more epochs"), id="train", marks=pytest.mark.ci
        ),
        pytest.param(
            19, ("freeze", "freeze --plain"), id="freeze", marks=pytest.mark.ci
        ),
    ],
)
def test_a_killed_command_leaves_the_old_state_or_the_new_one(tmp_path, times, names):
    run, tallies = kill(times, names, tmp_path / "kills.json")
    assert_whole(run, tallies, times)


NOT_ATOMIC = """
import sys
from pathlib import Path
from benchmarks.kills.commands import Command
from benchmarks.kills.experiment import kill_all, plan, table, undisturbed

def write(folder, text):
    for name in ("a", "b"):
        (folder / name).write_text(text)

def check(folder):
    texts = {(folder / name).read_text() for name in ("a", "b")}
    assert len(texts) == 1, "two states are mixed"
    return texts.pop()

command = Command(
    lambda folder: write(folder, "old"), lambda folder: write(folder, "new"),
    check, lambda folder: {},
)
run = undisturbed("two files", command, Path(sys.argv[1]))
tally = kill_all(run, plan([run], run.calls, 0)[0], Path(sys.argv[1]))
print(tally.calls, tally.old, tally.damaged)
"""


@pytest.mark.ci
def test_two_files_that_are_written_in_turn_are_found_damaged(tmp_path):
    command = [sys.executable, "-c", NOT_ATOMIC, tmp_path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if "ptrace" in run.stderr:
        pytest.skip("this process may not trace another")
    assert run.stdout.split() == ["2", "1", "1"], run.stderr


@pytest.mark.parametrize("machine", NUMBERS)
def test_every_kind_of_call_is_known_by_number(machine):
    assert len(NUMBERS[machine]) == len(NAMES)
    known = [number for number in NUMBERS[machine] if number]
    assert len(known) == len(set(known)) >= 8
