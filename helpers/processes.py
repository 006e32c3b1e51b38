"""A function called in a process of its own, its memory watched from outside.

Taught in notebooks/05_load_once_not_per_request.ipynb.
"""

import inspect
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import psutil

from helpers.usage import MIB

ROOT = Path(__file__).resolve().parent.parent
PROLOGUE = "import json, sys\nanswers, sys.stdout = sys.stdout, sys.stderr"
READY = "print('ready', file=answers, flush=True)"


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
    process = subprocess.Popen(
        [sys.executable, "-c", program(function, *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # so that no more is read than the line that says ready
        start_new_session=True,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "1",
        },
    )
    process.stdout.readline()  # what it imports is imported
    seconds, rss_mib = [], []
    watch = threading.Thread(target=_watch, args=(process, seconds, rss_mib))
    watch.start()
    try:
        said, complaints = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        name = function.__name__
        raise TimeoutError(f"{name} did not end within {timeout:g} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        watch.join()
    if process.returncode:
        last = (complaints.decode().splitlines() or [f"exit status {process.returncode}"])[-1]
        raise RuntimeError(f"{function.__name__} failed in its process: {last}")
    return Apart(json.loads(said), seconds, rss_mib)


def program(function: Callable, *arguments) -> str:
    """The Python program that calls a function and prints what it returns."""
    parts: dict[str, str] = {}
    for value in (function, *arguments):
        if isinstance(value, FunctionType):
            _gather(value, parts)
    values = ", ".join(getattr(value, "__name__", repr(value)) for value in arguments)
    call = f"print(json.dumps({function.__name__}({values})), file=answers)"
    return "\n".join([PROLOGUE, *parts.values(), READY, call])


def _gather(function: FunctionType, parts: dict[str, str]) -> None:
    """Add, by name, what a function uses and its own source."""
    parts[function.__name__] = textwrap.dedent(inspect.getsource(function))
    for name in set(_names_in(function.__code__)) & function.__globals__.keys():
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


def _names_in(code: CodeType):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _watch(process: subprocess.Popen, seconds: list, rss_mib: list) -> None:
    started = time.perf_counter()
    while process.returncode is None:
        try:
            rss = psutil.Process(process.pid).memory_info().rss
        except psutil.Error:
            return  # it has ended
        if rss:
            seconds.append(time.perf_counter() - started)
            rss_mib.append(rss / MIB)
        time.sleep(0.01)
