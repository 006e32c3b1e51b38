"""Marshalled code is checked before it is made a function."""

import marshal
import math
import sys

import pytest

from helpers.freezing.sources.keras.bytecode import (
    fault_of,
    function_of,
    global_names,
)

FACTOR = 3


def loops(x):
    total = 0
    for n in range(x):
        if n % 2 and n > 3:
            total += n
        else:
            total -= 1
    return total


def guarded(x):
    try:
        return math.sqrt(x)
    except ValueError:
        return [abs(y) for y in (x, x) if y]


def unpacks(*xs, scale=2, **named):
    first, *_ = xs
    return {"a": first * scale, **named}


@pytest.mark.parametrize(
    "function", [loops, guarded, unpacks, lambda x: x[:, 1:] / 255.0, fault_of]
)
def test_code_of_this_python_has_no_fault(function):
    assert fault_of(marshal.dumps(function.__code__)) is None


def test_the_function_answers_as_the_one_that_was_marshalled():
    made = function_of(marshal.dumps(loops.__code__), None, None, {"range": range})
    assert [made(n) for n in range(9)] == [loops(n) for n in range(9)]


def test_defaults_and_closures_are_given_back():
    factor = 5
    code = (lambda x, more=1: x * factor + more).__code__
    assert function_of(marshal.dumps(code), [7], [5], {})(2) == 17


@pytest.mark.parametrize(
    "data",
    [b"", b"\xe3\x01", marshal.dumps("text"), b"c\x01\x00\x00\x00\x01\x00\x00\x00"],
    ids=["empty", "cut short", "no code", "Python 2"],
)
def test_what_is_no_code_has_a_fault(data):
    assert fault_of(data)


@pytest.mark.parametrize(
    "instructions",
    [[124, 0, 136, 0, 83, 0], [83, 0], [116, 9, 83, 0]],
    ids=["no such cell", "an empty stack", "no such name"],
)
def test_instructions_of_another_version_have_a_fault(instructions):
    code = (lambda x: x * 3).__code__.replace(co_code=bytes(instructions))
    assert fault_of(marshal.dumps(code))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="it is code of this version")
def test_a_multiplication_of_python_3_8_has_a_fault():
    instructions = bytes([124, 0, 100, 1, 20, 0, 83, 0])
    code = (lambda x: x * 3).__code__.replace(co_code=instructions)
    assert fault_of(marshal.dumps(code))


def test_names_looked_up_outside_are_found_in_inner_functions_too():
    outer = lambda x: [math.sqrt(y) for y in x if FACTOR]  # noqa: E731
    assert set(global_names(marshal.dumps(outer.__code__))) == {"math", "FACTOR"}
