"""The process in which model files are tried: loads and runs each file within limits.

Standard input and output carry lines of JSON: the path and limits of a file, "begun",
and then why the file is refused. What a graph prints goes to standard error.
"""

import gc
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path
from queue import SimpleQueue

from helpers.foreign.limits import set_soft_limit
from helpers.foreign.texts import printable
from helpers.quiet import import_tensorflow
from helpers.serving.file_bounds import check_bounds

NICE = 5  # a quarter of a core where the serving processes use all
MOST_WRITTEN = 64_000  # bytes of a file: standard error is one
STACK_SHARE = 0.75  # of the stack that threads of a serving process have
THREAD_STACK = 2 << 20  # bytes, of threads where the limit is infinite: glibc's


def main(settings: dict) -> None:
    """Try the files that standard input names, until it ends.

    Args:
      settings: arguments of FrozenModel.load.
    """
    send, requests = _take_standard_output(), SimpleQueue[bytes]()
    threading.Thread(target=_read, args=[requests], daemon=True).start()
    import_tensorflow()
    _restrict()
    while True:
        request = json.loads(requests.get())
        _limit(request)
        send({"begun": True})
        answers: list[dict] = []
        arguments = (Path(request["path"]), settings, answers)
        thread = threading.Thread(target=_try, args=arguments)
        thread.start()
        thread.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(answers[0])


def _take_standard_output() -> Callable[[dict], None]:
    """A function that writes a line; ops that print write to standard error."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lambda value: print(json.dumps(value), file=lines, flush=True)


def _read(requests: SimpleQueue) -> None:
    """Queue the lines of standard input; at its end, the process ends."""
    for line in sys.stdin.buffer:
        requests.put(line)
    os.kill(os.getpid(), signal.SIGKILL)


def _restrict() -> None:
    """Forbid core dumps and large files; give way to the serving processes.

    When memory runs out, it is the first to go.
    """
    os.nice(NICE)
    set_soft_limit(resource.RLIMIT_CORE, 0)
    set_soft_limit(resource.RLIMIT_FSIZE, MOST_WRITTEN)
    for number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text("1000")
    stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
    # Where the graph recurses here, there is some stack left in a serving process.
    stack = THREAD_STACK if stack == resource.RLIM_INFINITY else stack
    threading.stack_size(max(1 << 20, int(stack * STACK_SHARE) // 4096 * 4096))


def _limit(request: dict) -> None:
    """Set the limits of one file: the kernel ends the process that exceeds them.

    The alarm ends it even if its parent has gone and Python's lock is held.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = ceil(used.ru_utime + used.ru_stime + request["cpu_seconds"])
    set_soft_limit(resource.RLIMIT_CPU, cpu)
    if data := _data_bytes():
        set_soft_limit(resource.RLIMIT_DATA, int(data + request["megabytes"] * 1e6))
    signal.setitimer(signal.ITIMER_REAL, request["seconds"])


def _data_bytes() -> int:
    """The memory that RLIMIT_DATA counts; 0 where that is not known."""
    with suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _try(path: Path, settings: dict, answers: list[dict]) -> None:
    """Add to `answers` why the file is refused, "" if it is not."""
    from helpers.serving.frozen_model import FrozenModel

    try:
        check_bounds(path)
        FrozenModel.load(path, **settings).close()
        answer: dict = {"refused": ""}
    except OSError as error:
        answer = {"unreadable": printable(str(error))}
    except ValueError as error:
        answer = {"refused": printable(str(error)), "memory": _is_memory(error)}
    except Exception as error:  # of any kind: what a foreign file causes is its own
        sentence = f"{path} cannot be served: {type(error).__name__}: {error}"
        text = printable(sentence.splitlines()[0])
        answer = {"refused": text, "memory": _is_memory(error)}
    gc.collect()
    answers.append(answer)


def _is_memory(error: BaseException) -> bool:
    """Whether the error, or one before it, is that there is no memory left."""
    from tensorflow import errors

    kinds = (MemoryError, errors.ResourceExhaustedError)
    return any(isinstance(one, kinds) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
