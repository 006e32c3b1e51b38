"""SECURITY.md: every test that it names exists, and every row names one."""

import ast
import re
from pathlib import Path

import pytest

from webapp.app import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| (\*\*|\|)", line)]


def names_in(path: Path) -> set[str]:
    """The names of the test functions of a file."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_test_that_the_threat_model_names_exists(file):
    named = {name for one, name in NAMED if one == file}
    assert named - names_in(ROOT / file) == set()


def test_every_row_of_the_threat_model_names_a_test():
    assert len(ROWS) >= 18
    assert [
        row for row in ROWS if not re.search(r"`tests/\S+::test_\w+` \|$", row)
    ] == []


def test_every_option_that_the_page_names_exists():
    command_line = (ROOT / "helpers" / "commands").rglob("*.py")
    known = {name for option in main.params for name in option.opts}
    text = "".join(path.read_text() for path in command_line)
    text += (ROOT / "helpers" / "serving" / "allowed_ops.py").read_text()
    named = set(re.findall(r"`(--[a-z-]+)`", PAGE))
    assert {name for name in named - known if f'"{name}"' not in text} == set()


def test_it_says_how_to_report_and_which_versions_get_fixes():
    headings = re.findall(r"^## (.+)$", PAGE, re.M)
    assert headings[0] == "Reporting a vulnerability"
    assert "| the newest 1.x | yes |" in PAGE
