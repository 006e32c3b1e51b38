"""Runs a function in a forked process, and kills it right before its N-th call.

The calls are those that change names, truncate or sync files. A seccomp filter stops
the process at these alone, so that it is not slowed down. `strace --inject=...:when=N`
counts the calls of each thread and of each system call by itself; here one counter runs
over all of them. Numbers and structures: Linux's ptrace(2), seccomp(2), linux/filter.h.
"""

import ctypes
import os
import platform
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAMES = (
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
    *("rmdir", "mkdir", "mkdirat", "truncate", "ftruncate", "fsync", "fdatasync"),
)
NUMBERS = {
    "x86_64": (82, 264, 316, 86, 265, 87, 263, 84, 83, 258, 76, 77, 74, 75),
    "aarch64": (None, 38, 276, None, 37, None, 35, None, None, 34, 45, 46, 82, 83),
}
OPENS = {"x86_64": {2: 1, 257: 2}, "aarch64": {56: 2}}  # number: which argument, flags

_TRACEME, _CONT, _SETOPTIONS = 0, 7, 0x4200
_EVENT_MESSAGE, _SYSCALL_INFO = 0x4201, 0x420E
_FORK, _VFORK, _CLONE, _EXEC, _SECCOMP = 1, 2, 3, 4, 7  # events; options are 1 << event
_OPTIONS = sum(1 << event for event in (_FORK, _VFORK, _CLONE, _EXEC, _SECCOMP))
_EXITKILL = 1 << 20
_WALL = 0x40000000
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # instructions of BPF

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
_libc.ptrace.restype = ctypes.c_long


class Run(NamedTuple):
    """How a process ended, and the calls that it had made until then."""

    status: int  # as os.waitstatus_to_exitcode gives it; -9: killed
    calls: tuple[str, ...]


def why_not() -> str | None:
    """Why no process can be traced here; None if one can."""
    if sys.platform != "linux" or platform.machine() not in NUMBERS:
        return f"needs Linux on {' or '.join(NUMBERS)}"
    try:
        run = run_traced(lambda: Path(os.devnull).open("w").close())
    except OSError as error:
        return f"this process may not trace another: {error}"
    return (
        None if run == Run(0, ("open null",)) else f"tracing does not work here: {run}"
    )


def run_traced(
    work: Callable[[], object],
    *,
    log: Path = Path(os.devnull),
    call: int | None = None,
    seconds: float | None = None,
) -> Run:
    """Run `work` in a forked process; kill it before a call or after some seconds.

    Processes that it starts are not killed, and are waited for.

    Args:
      log: the file for what the process prints.
      call: counted from 1, over all threads of the process.
    Raises:
      OSError: tracing is not permitted.
    """
    child = os.fork()
    if not child:
        _work(work, log)
    _, status = os.waitpid(child, _WALL)
    if not os.WIFSTOPPED(status):
        raise PermissionError("ptrace or seccomp is refused")
    _ptrace(_SETOPTIONS, child, _OPTIONS | _EXITKILL)
    _ptrace(_CONT, child, 0)
    timer = threading.Timer(seconds or 0, os.kill, (child, signal.SIGKILL))
    if seconds is not None:
        timer.start()
    try:
        return _follow(child, call)
    finally:
        timer.cancel()


def _work(work: Callable[[], object], log: Path) -> None:
    """The forked process."""
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _ptrace(_TRACEME, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _stop_at_calls()
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _stop_at_calls() -> None:
    """Let the kernel stop this process, and those it starts, at the calls."""
    machine = platform.machine()
    program = [(_LOAD, 0, 0, 0)]  # the call's number
    for number in filter(None, NUMBERS[machine]):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TRACE)]
    for number, argument in OPENS[machine].items():
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, 16 + 8 * argument),
            (_ANY_BIT, 0, 1, os.O_TRUNC),
            (_RETURN, 0, 0, _TRACE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program += [(_RETURN, 0, 0, _ALLOW)]
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    text = ctypes.create_string_buffer(code)
    head = struct.pack("@HP", len(program), ctypes.addressof(text))
    if _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or _libc.prctl(
        _SET_SECCOMP, _FILTER, ctypes.create_string_buffer(head), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "prctl")


def _follow(child: int, last: int | None) -> Run:
    """Let the process and those it starts run to their ends."""
    calls: list[str] = []
    running, ended, result = {child}, set(), 0
    while running:
        task, status = os.waitpid(-1, _WALL)
        if not os.WIFSTOPPED(status):
            running.discard(task)
            ended.add(task)
            result = os.waitstatus_to_exitcode(status) if task == child else result
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _SECCOMP and _group(task) == child:
            calls.append(_describe(task))
            if len(calls) == last:
                os.kill(child, signal.SIGKILL)
                continue
        if event in (_FORK, _VFORK, _CLONE):
            running |= {_started_by(task)} - ended
        if event or (number == signal.SIGSTOP and task != child):
            number = 0  # a new thread or process stops at first
        _continue(task, number)
    return Run(result, tuple(calls))


def _started_by(task: int) -> int:
    """The new thread or process that a task stopped for."""
    found = ctypes.c_ulong()
    with suppress(ProcessLookupError):  # it was killed while it was stopped
        _ptrace(_EVENT_MESSAGE, task, 0, ctypes.addressof(found))
    return found.value


def _continue(task: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it was killed while it was stopped
        _ptrace(_CONT, task, number)


def _group(task: int) -> int | None:
    """The process that a thread belongs to."""
    try:
        status = Path(f"/proc/{task}/status").read_text()
    except OSError:  # it was killed while it was stopped
        return None
    return int(status.partition("Tgid:")[2].split()[0])


def _describe(task: int) -> str:
    """A call's name, and its first argument if that is a path."""
    buffer = ctypes.create_string_buffer(88)
    _ptrace(_SYSCALL_INFO, task, len(buffer), ctypes.addressof(buffer))
    number, *arguments = struct.unpack_from("=7Q", buffer, 24)
    names = dict(zip(NUMBERS[platform.machine()], NAMES, strict=True))
    name = names.get(number, "open")
    if name in ("fsync", "fdatasync", "ftruncate"):
        return f"{name} {os.path.basename(_link(task, arguments[0]))}"
    has_folder = name.endswith(("at", "at2")) or (name == "open" and number != 2)
    return f"{name} {os.path.basename(_text(task, arguments[has_folder]))}"


def _link(task: int, handle: int) -> str:
    try:
        return os.readlink(f"/proc/{task}/fd/{handle & 0xFFFFFFFF}")
    except OSError:
        return "?"


def _text(task: int, address: int) -> str:
    try:
        with Path(f"/proc/{task}/mem").open("rb", 0) as memory:
            memory.seek(address)
            return memory.read(4096).partition(b"\0")[0].decode(errors="replace")
    except OSError:
        return "?"


def _ptrace(request: int, task: int, address: int, data: int | None = None) -> None:
    """Most requests take one value, the last argument; one takes a size before it."""
    arguments = (address, data) if data is not None else (0, address)
    if _libc.ptrace(request, task, *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")
