"""README.md: the commands without make are those of make, and the size is right."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tools.set_up import gigabytes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Set-up\n")[2].partition("\n## ")[0]
FIRST, BLOCK = re.search(r"```sh\n(.+?)\n(.+?)```", SECTION, re.S).groups()
ENVIRONMENT = ROOT / ".venv"


def split(line: str) -> list[list[str]]:
    """The words of each command of the environment in a line of a shell."""
    commands = map(shlex.split, line.split("&&"))
    return [words for words in commands if words and ".venv/bin/" in words[0]]


def without_make() -> dict[str, list[list[str]]]:
    """The commands in README.md by the target of make, which their first line names."""
    found: dict[str, list[list[str]]] = {}
    for line in BLOCK.splitlines():
        code, _, target = line.partition("# make ")
        commands = found.setdefault(target or [*found][-1], [])
        commands += split(code)
    return found


def planned(target: str) -> list[list[str]]:
    """The commands that make would run for a target, once .venv is set up."""
    usual = {
        k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--no-print-directory", "-n", target, "READY="]
    output = subprocess.check_output(command, cwd=ROOT, env=usual, text=True)
    lines = output.replace("\\\n", "").splitlines()
    return [words for line in lines if ".venv/bin/" in line for words in split(line)]


def is_part(words: list[str], command: list[str]) -> bool:
    """Whether the command is these words, in their order, and perhaps options."""
    left = iter(command)
    return words[0] == command[0] and all(word in left for word in words)


def test_the_first_command_is_how_make_sets_up():
    makefile = (ROOT / "Makefile").read_text()
    assert FIRST == "python3 tools/set_up.py"
    assert "\t@$(PYTHON) tools/set_up.py " in makefile


def test_the_commands_of_three_targets_are_there():
    assert without_make().keys() == {"demo", "test", "lab"}


@pytest.mark.parametrize("target", without_make())
def test_the_commands_without_make_are_those_of_make(target):
    commands = without_make()[target]
    steps = planned(target)
    assert len(commands) == len(steps) > 0
    for words, command in zip(commands, steps, strict=True):
        assert is_part(words, command)


@pytest.mark.skipif(not ENVIRONMENT.is_dir(), reason="there is no .venv here")
def test_the_size_of_the_environment_is_the_one_that_set_up_prints():
    stated = float(re.search(r"about\s(\S+) GB", SECTION)[1])
    assert gigabytes(ENVIRONMENT) == pytest.approx(stated, rel=0.15)
