"""Call a function in a subprocess and measure the memory of that process.

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
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import psutil

from helpers.profiling.usage import MIB

ROOT = Path(__file__).resolve().parents[2]
PROLOGUE = """import json, os, sys
sys.stdout = sys.stderr  # keeps what the function prints out of the result
def send(value): print(json.dumps(value), file=sys.__stdout__, flush=True)"""
READY = "send('ready')"
EXIT = "sys.stdin.read(); os._exit(0)"  # at the end of input; skips all clean-up
TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}


class SubprocessRun(NamedTuple):
    """What a function returned, and the memory of its process during the call."""

    result: Any  # decoded from JSON: a tuple has become a list
    seconds: list[float]  # since the call; the times of `rss_mib`
    rss_mib: list[float]


def run_in_subprocess(
    function: Callable, *arguments, timeout: float = 300
) -> SubprocessRun:
    """Calls a function in a new process, in which TensorFlow has oneDNN on.

    The process gets the source of the function and of the functions of its module that
    it uses, and imports or copies the other names: modules, importable objects, plain
    values.

    Args:
      arguments: plain values or functions.
      timeout: of the call, in seconds.
    Raises:
      RuntimeError: the function raised; the message ends in the error's last line.
      TimeoutError: the call took longer; the process and its children are killed.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  runs a module of the caller
            [sys.executable, "-c", program(function, *arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | TENSORFLOW,
        )
        assert process.stdout is not None
        run, stop = SubprocessRun(None, [], []), threading.Event()
        killer = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        sampler = threading.Thread(target=_sample, args=(process.pid, stop, run))
        with process:
            process.stdout.readline()  # READY: everything is imported
            killer.start()
            sampler.start()
            result = process.stdout.readline()
            is_late = not killer.is_alive()
            killer.cancel()
            stop.set()
            sampler.join()
        errors.seek(0)
        lines = errors.read().decode().splitlines()
    name = function.__name__
    if is_late:
        raise TimeoutError(f"{name} did not end within {timeout:g} s")
    if not result:
        raise RuntimeError(f"{name} failed in its process: {['?', *lines][-1]}")
    return run._replace(result=json.loads(result))


def program(function: Callable, *arguments) -> str:
    """The Python program that calls a function and prints its result as JSON."""
    parts: dict[str, str] = {}
    for value in (function, *arguments):
        if isinstance(value, FunctionType):
            _gather(value, parts)
    values = ", ".join(getattr(value, "__name__", repr(value)) for value in arguments)
    call = f"send({function.__name__}({values}))"
    return "\n".join([PROLOGUE, *parts.values(), READY, call, EXIT])


def _gather(function: FunctionType, parts: dict[str, str]) -> None:
    """Adds the function's source and all that it uses to `parts`, by name."""
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


def _globals_in(code: CodeType) -> Iterator[str]:
    """Yields the global names that the code reads, nested functions included."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_in(constant)


def _sample(pid: int, stop: threading.Event, run: SubprocessRun) -> None:
    """Adds the memory of a process to `run` every 10 ms until `stop` is set."""
    started = time.perf_counter()
    while not stop.wait(0.01):
        try:
            rss = psutil.Process(pid).memory_info().rss
        except psutil.Error:
            return  # the process has ended
        run.seconds.append(time.perf_counter() - started)
        run.rss_mib.append(rss / MIB)
