"""A function in a subprocess: what it uses is sent there, its memory is measured."""

import os
import time

import pytest

from helpers.profiling.processes import program, run_in_subprocess
from helpers.profiling.usage import rss_mib

FACTOR = 3


def tripled(number):
    return FACTOR * number


def pid_and_multiples(number):
    return os.getpid(), [tripled(n) for n in range(number)]


def applied(function, number):
    print("this is not the result")
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
    pid, multiples = run_in_subprocess(pid_and_multiples, 3).result
    assert pid != os.getpid()
    assert multiples == [0, 3, 6]


def test_function_may_be_an_argument_print_and_call_itself():
    assert run_in_subprocess(applied, countdown, 5).result == 0


def test_memory_is_measured_from_outside():
    ran = run_in_subprocess(hold, 200)
    assert max(ran.rss_mib) > 200
    assert max(ran.rss_mib) == pytest.approx(ran.result, rel=0.2)
    assert ran.seconds == sorted(ran.seconds)
    assert len(ran.seconds) == len(ran.rss_mib)


def test_error_is_raised_here_with_its_last_line():
    expected = "^fail failed in its process: ValueError: too dark$"
    with pytest.raises(RuntimeError, match=expected):
        run_in_subprocess(fail)


def test_process_that_takes_too_long_is_killed():
    started = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"^sleep did not end within 0\.5 s$"):
        run_in_subprocess(sleep, timeout=0.5)
    assert time.perf_counter() - started < 30


def test_program_holds_only_the_globals_that_are_used():
    assert "FACTOR = 3" in program(tripled, 1)
    assert "FACTOR = 3" not in program(factor_of, 1)


def test_tensorflow_is_imported_only_where_it_is_used():
    assert "tensorflow" not in program(tripled, 1)
