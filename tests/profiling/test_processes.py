"""A function apart: it takes along what it uses, and its memory is seen."""

import os
import time

import pytest

from helpers.profiling.processes import program, run_apart
from helpers.profiling.usage import rss_mib

FACTOR = 3


def tripled(number):
    return FACTOR * number


def pid_and_answer(number):
    return os.getpid(), [tripled(n) for n in range(number)]


def applied(function, number):
    print("this is no answer")
    return function(number)


def hold(mib):
    held = bytearray(mib * 2**20)
    held[:: 2**12] = bytes([1]) * len(held[:: 2**12])
    time.sleep(0.2)
    return rss_mib()


def countdown(number):
    return 0 if number == 0 else countdown(number - 1)


def factor_of(thing):
    return thing.FACTOR


def fail():
    raise ValueError("too dark")


def sleep():
    time.sleep(60)


def test_function_runs_in_another_process_with_what_it_uses():
    pid, answer = run_apart(pid_and_answer, 3).answer
    assert pid != os.getpid()
    assert answer == [0, 3, 6]


def test_function_may_be_an_argument_and_print():
    assert run_apart(applied, tripled, 5).answer == 15


def test_function_may_call_itself():
    assert run_apart(countdown, 3).answer == 0


def test_memory_is_watched_from_outside():
    ran = run_apart(hold, 200)
    assert max(ran.rss_mib) > 200
    assert max(ran.rss_mib) == pytest.approx(ran.answer, rel=0.2)
    assert ran.seconds == sorted(ran.seconds)
    assert len(ran.seconds) == len(ran.rss_mib)


def test_error_is_raised_here_with_its_last_line():
    expected = "^fail failed in its process: ValueError: too dark$"
    with pytest.raises(RuntimeError, match=expected):
        run_apart(fail)


def test_process_that_takes_too_long_is_ended():
    started = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"^sleep did not end within 0\.5 s$"):
        run_apart(sleep, timeout=0.5)
    assert time.perf_counter() - started < 30


def test_an_attribute_takes_nothing_of_its_name_along():
    assert "FACTOR = 3" in program(tripled, 1)
    assert "FACTOR = 3" not in program(factor_of, 1)


def test_tensorflow_is_imported_only_where_it_is_used():
    assert "tensorflow" not in program(tripled, 1)
