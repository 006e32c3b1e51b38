"""Tries model files in a process of its own, which they may hang, kill or fill."""

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import IO, Any, NamedTuple

from helpers.foreign.texts import printable
from helpers.quiet import file_in_memory

START_SECONDS = 300  # for the import of TensorFlow, where the machine is busy
GRACE = 10  # seconds after its limit, which the process itself keeps
PER_FILE_BYTE = 16  # bytes of memory; a network of 250 MB takes 13 times as much
TRYING = "loading it and running it on test pictures"
STDERR_TAIL = 8_000  # bytes
PROGRAM = """
import sys
sys.path[:] = {path!r}
from helpers.serving.trial_process import main
import json
main(json.loads({settings!r}))
"""
CHECK_FAILED = re.compile(r"Check failed: (.*)|F\d{4} \S+ +\d+ [^\]]*\] (.*)")
OUT_OF_MEMORY = re.compile(r"bad_alloc|[Oo]ut of memory|Cannot allocate memory")
CAUSES: dict[int, str] = {
    signal.SIGSEGV: "as a function that calls itself does, or ops nested very deeply",
    signal.SIGBUS: "as a damaged file does",
    signal.SIGFPE: "as a division by 0 does",
    signal.SIGKILL: "as the system does when memory runs out",
}


class Limits(NamedTuple):
    """What loading one file and running it on test pictures may take.

    Attributes:
      megabytes: beside PER_FILE_BYTE times the file's size.
    """

    seconds: float = 120
    cpu_seconds: float = 300
    megabytes: float = 2500


class Unfinished(OSError):
    """The process ended, or was ended, before it has begun to try a file."""


class Trial:
    """A process that tries one file after another, until one ends it.

    Args:
      settings: arguments of FrozenModel.load, plain values.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._errors = _appended_file()
        program = PROGRAM.format(path=sys.path, settings=json.dumps(settings))
        self._process = subprocess.Popen(  # noqa: S603  runs a module of its own
            [_python(), "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is not for it
        )
        self._read = b""

    def refusal(self, path: Path, limits: Limits) -> str:
        """Why the file cannot be served, a sentence; "" if it can.

        Raises:
          Unfinished: the process has ended before, or is killed by `close`.
          OSError: the file cannot be read.
        """
        megabytes = limits.megabytes + PER_FILE_BYTE * path.stat().st_size / 1e6
        limits = limits._replace(megabytes=megabytes)
        os.ftruncate(self._errors.fileno(), 0)
        self._send({"path": os.fspath(path)} | limits._asdict())
        if self._line(START_SECONDS) is None:
            raise Unfinished(f"the process that tries model files ended: {self._tail}")
        answer = self._line(limits.seconds + GRACE)
        if answer is None:
            return f"{printable(str(path))} is refused: {self._ending(limits)}"
        if "unreadable" in answer:
            raise OSError(answer["unreadable"])
        if answer.get("memory"):
            return f"{printable(str(path))} is refused: {_too_much(limits)}"
        return answer["refused"]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the process; a trial that is going on ends, too."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def kill(self) -> None:
        """End the process; `close` is called by the thread that uses it."""
        self._process.kill()

    def _send(self, request: dict) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise Unfinished("the process that tries model files has ended") from error

    def _line(self, seconds: float) -> dict | None:
        """The next line; None: the process has ended, or was killed as too late."""
        assert self._process.stdout
        end, waiting = monotonic() + seconds, select.poll()
        waiting.register(self._process.stdout, select.POLLIN)
        while b"\n" not in self._read:
            left = end - monotonic()
            if left <= 0:
                os.kill(self._process.pid, signal.SIGALRM)
                self._process.kill()  # where the alarm is not its end
            if waiting.poll(max(0, left) * 1000) or left <= 0:
                data = os.read(self._process.stdout.fileno(), 65536)
                if not data:
                    self._wait()
                    return None
                self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)

    def _wait(self) -> None:
        """Wait until the process, which has closed its output, has ended."""
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ending(self, limits: Limits) -> str:
        """What ended the process while it tried a file."""
        number = -self._process.returncode
        if number == signal.SIGALRM:
            return f"{TRYING} took longer than {limits.seconds:g} s (--load-seconds)"
        if number == signal.SIGXCPU:
            return (
                f"{TRYING} took more than {limits.cpu_seconds:g} s of CPU time "
                "(--load-cpu-seconds)"
            )
        tail = self._tail
        if OUT_OF_MEMORY.search(tail):
            return _too_much(limits)
        ended = "it ended the process that tried it"
        if number <= 0:
            return f"{ended}, with status {-number}"
        name = signal.Signals(number).name if number in _NUMBERS else str(number)
        if found := CHECK_FAILED.search(tail):
            return f"{ended} ({name}): {printable(found[1] or found[2])[:200]}"
        cause = CAUSES.get(number)
        return f"{ended} ({name})" + (f", {cause}" if cause else "")

    @property
    def _tail(self) -> str:
        """The end of what the process has printed."""
        descriptor = self._errors.fileno()
        start = max(0, os.fstat(descriptor).st_size - STDERR_TAIL)
        printed = os.pread(descriptor, STDERR_TAIL, start)
        return printed.decode(errors="replace").strip()


_NUMBERS = {*map(int, signal.Signals)}


def _too_much(limits: Limits) -> str:
    return (
        f"{TRYING} takes more than {limits.megabytes:,.0f} MB of memory "
        "(--load-megabytes)"
    )


def _python() -> str:
    """The interpreter; servers that embed Python may be `sys.executable` themselves."""
    if Path(sys.executable).name.startswith("python"):
        return sys.executable
    return str(Path(sys.prefix, "bin", "python3"))


def _appended_file() -> IO[bytes]:
    """A file that all writes are appended to, wherever they come from."""
    file = file_in_memory()
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_APPEND)
    return file
