"""A function called in a process of its own, its memory watched from outside.

Taught in notebooks/05_load_once_not_per_request.ipynb.
"""

import dis
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import psutil

from helpers.profiling.usage import MIB

ROOT = Path(__file__).resolve().parents[2]
PROLOGUE = """import json, os, sys
sys.stdout = sys.stderr  # what the function prints is no answer
def tell(value): print(json.dumps(value), file=sys.__stdout__, flush=True)"""
READY = "tell('ready')"
LEAVE = "sys.stdin.read(); os._exit(0)"  # when told to, and without tidying up
TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}


class Apart(NamedTuple):
    """What a function returned, and the memory of its process meanwhile."""

    answer: object  # through JSON: a tuple has become a list
    seconds: list[float]  # since the call, when memory was looked at
    rss_mib: list[float]


def run_apart(function: Callable, *arguments, timeout: float = 300) -> Apart:
    """Call a function in a new process, where TensorFlow has oneDNN on.

    It goes there as source, with what it uses: functions beside it, modules, what
    can be imported, and plain values. Arguments are plain values or functions.

    Raises:
      RuntimeError: it raised there; the message ends in its last line.
      TimeoutError: it took longer, and has been ended with all it started.
    """
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-c", program(function, *arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | TENSORFLOW,
        )
        seconds, rss_mib = [], []
        stop = threading.Event()
        end = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        watch = threading.Thread(
            target=_watch, args=(process.pid, stop, seconds, rss_mib)
        )
        with process:
            process.stdout.readline()  # what it imports is imported
            end.start()
            watch.start()
            said = process.stdout.readline()
            too_late = not end.is_alive()
            end.cancel()
            stop.set()
            watch.join()
        complaints.seek(0)
        lines = complaints.read().decode().splitlines()
    name = function.__name__
    if too_late:
        raise TimeoutError(f"{name} did not end within {timeout:g} s")
    if not said:
        raise RuntimeError(f"{name} failed in its process: {['?', *lines][-1]}")
    return Apart(json.loads(said), seconds, rss_mib)


def program(function: Callable, *arguments) -> str:
    """The Python program that calls a function and prints what it returns."""
    parts: dict[str, str] = {}
    for value in (function, *arguments):
        if isinstance(value, FunctionType):
            _gather(value, parts)
    values = ", ".join(getattr(value, "__name__", repr(value)) for value in arguments)
    call = f"tell({function.__name__}({values}))"
    return "\n".join([PROLOGUE, *parts.values(), READY, call, LEAVE])


def _gather(function: FunctionType, parts: dict[str, str]) -> None:
    """Add, by name, what a function uses and its own source."""
    parts[function.__name__] = textwrap.dedent(inspect.getsource(function))
    for name in set(_globals_in(function.__code__)) & function.__globals__.keys():
        value = function.__globals__[name]
        if name in parts:
            continue
        if isinstance(value, ModuleType):
            parts[name] = f"import {value.__name__} as {name}"
        elif getattr(value, "__module__", None) == function.__module__:
            _gather(value, parts)
        elif hasattr(value, "__qualname__"):
            parts[name] = f"from {value.__module__} import {value.__name__} as {name}"
        else:
            parts[name] = f"{name} = {value!r}"


def _globals_in(code: CodeType):
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_in(constant)


def _watch(pid: int, stop: threading.Event, seconds: list, rss_mib: list) -> None:
    started = time.perf_counter()
    while not stop.wait(0.01):
        try:
            rss = psutil.Process(pid).memory_info().rss
        except psutil.Error:
            return  # it has ended
        seconds.append(time.perf_counter() - started)
        rss_mib.append(rss / MIB)
