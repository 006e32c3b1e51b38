"""What ruff's security rules leave to this test: asserts, and reasons of exceptions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("helpers", "webapp")
EXCEPTION = re.compile(r"# noqa: (S\d+|PLE2502)(.*)")


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def narrows_a_type(test: ast.expr) -> bool:
    """Whether an assert's condition says of what type a value is, or that it is one."""
    if isinstance(test, ast.UnaryOp):
        test = test.operand
    if isinstance(test, ast.Call):
        return getattr(test.func, "id", "") == "isinstance"
    if isinstance(test, ast.Compare):
        (operator,), (value,) = test.ops, test.comparators
        is_none = isinstance(value, ast.Constant) and value.value is None
        is_rank = getattr(test.left, "attr", "") == "ndim"
        return is_rank or (is_none and isinstance(operator, (ast.Is, ast.IsNot)))
    return isinstance(test, (ast.Name, ast.Attribute))


def test_asserts_of_the_packages_only_narrow_types():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) and not narrows_a_type(node.test)
    ]
    assert found == []  # `python -O` leaves them out: input is checked by exceptions


@pytest.mark.parametrize("code", ["len(data) < 9", "path.exists()", "x == 5", "x in y"])
def test_an_assert_that_checks_input_is_found(code):
    assert not narrows_a_type(ast.parse(code, mode="eval").body)


def test_every_exception_of_the_security_rules_has_its_reason():
    for path in modules():
        lines = path.read_text().splitlines()
        for before, line in zip(["", *lines], lines, strict=False):
            if found := EXCEPTION.search(line):
                assert found[2].strip() or before.strip().startswith("# "), (path, line)
