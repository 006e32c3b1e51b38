"""The workflow for GitHub runs what exists, on each Python that is supported."""

import os
import re
from pathlib import Path

import pytest
import yaml

from tools.set_up import NEWEST, OLDEST

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "workflows" / "test.yml").read_text()
WORKFLOW = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
COMMANDS = [step["run"] for step in STEPS if "run" in step]


def test_a_push_and_a_pull_request_start_it():
    assert {"push", "pull_request"} <= WORKFLOW[True].keys()  # YAML reads `on` as true


@pytest.mark.parametrize("name", JOBS)
def test_each_supported_python_is_tried(name):
    job = JOBS[name]
    versions = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    assert job["strategy"]["matrix"]["python"] == versions
    assert "${{ matrix.python }}" in job["container"]["image"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_a_program_or_a_target_of_make(command):
    program, *arguments = command.split()
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert {name for name in arguments if "=" not in name} <= {*targets}
    else:
        assert os.access(ROOT / program, os.X_OK)


def test_the_tests_are_run():
    assert {".ci/run", "make test"} & {*COMMANDS}


def test_each_action_is_pinned_to_a_commit_with_its_version_beside_it():
    actions = re.findall(r"uses: (.+)", TEXT)
    assert actions
    pin = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [action for action in actions if not re.fullmatch(pin, action)] == []


def test_it_may_only_read():
    assert WORKFLOW["permissions"] == {"contents": "read"}
