"""Runs cases in worker processes with limits, and collects what they answered.

A case may take some seconds of CPU time and may let the process grow by some MiB. A
process that ends or hangs is replaced, and what it was reading is a finding.
"""

import contextlib
import multiprocessing
import re
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.kinds import Finding, Kind, case_rng

BATCH = 250  # cases that a process is given at once
HANGING = 15  # times its CPU limit, in wall time, that a case may take
ROOM = 3 << 30  # bytes of address space that a process may add to what it begins with
MOST_FINDINGS = 20  # of a kind; it is left then


class Found(NamedTuple):
    """A case that was not answered as it has to be."""

    kind: str
    seed: int
    problem: str  # its first line says what; the traceback's last lines follow

    def __str__(self) -> str:
        return f"{self.kind}:{self.seed}  {self.problem}"


class Result(NamedTuple):
    """The counts of one kind's cases."""

    kind: str
    refused: int = 0
    taken: int = 0
    seconds: float = 0.0  # of the processes together, wall time
    findings: tuple[Found, ...] = ()

    @property
    def cases(self) -> int:
        return self.refused + self.taken + len(self.findings)

    def __add__(self, other: Any) -> "Result":
        return Result(
            self.kind,
            self.refused + other.refused,
            self.taken + other.taken,
            self.seconds + other.seconds,
            self.findings + other.findings,
        )


class TooSlow(BaseException):
    """The CPU time of a case is used up; no `except Exception` stops it."""


def run_case(kind: Kind, seed: int) -> str:
    """How a kind answers one case: "taken" or "refused".

    Raises:
      Finding: the answer is not allowed, took too long, or too much memory.
    """
    case = kind.make(case_rng(kind.name, seed))
    before = _forget_peak()
    signal.setitimer(signal.ITIMER_PROF, kind.seconds)
    try:
        said = "refused" if kind.run(case) is False else "taken"
    except TooSlow as error:
        raise Finding(f"over {kind.seconds:g} s of CPU\n{_last_lines(error)}") from None
    except Finding:
        raise
    except BaseException as error:
        if not kind.is_refusal(error):
            text = str(error).partition("\n")[0][:200]
            name = type(error).__name__
            raise Finding(f"{name}: {text}\n{_last_lines(error)}") from error
        said = "refused"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if (grown := _peak_mib() - before) > kind.mib:
        raise Finding(f"the process grew by {grown:.0f} MiB")
    return said


def raise_too_slow(*_: Any) -> None:
    """The handler of SIGPROF."""
    raise TooSlow


def _last_lines(error: BaseException) -> str:
    """The last places of a traceback, of this project where they are."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {f.filename}:{f.lineno} {f.line}" for f in frames[-6:])


def _forget_peak() -> float:
    """Sets the peak memory back to the present one; returns it in MiB."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak_mib()


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def _work(pipe: Connection, progress: Any, folder: str) -> None:
    """The life of a process: batches come through the pipe, results go back."""
    signal.signal(signal.SIGPROF, raise_too_slow)
    kinds: dict[str, Kind] = {}
    while job := pipe.recv():
        kind_type, first, last = job
        name = kind_type.name
        if name not in kinds:
            for other in kinds.values():
                other.close()
            place = Path(folder, name)
            place.mkdir(parents=True)
            kinds = {name: kind_type(place)}
            _limit_memory()
        result, started = Result(name), time.monotonic()
        for seed in range(first, last):
            progress[:] = [seed, int(time.monotonic()), result.refused, result.taken]
            try:
                is_refused = run_case(kinds[name], seed) == "refused"
                result += Result(name, is_refused, not is_refused)
            except Finding as found:
                result += Result(name, findings=(Found(name, seed, str(found)),))
                if len(result.findings) >= MOST_FINDINGS:
                    break
        progress[0] = -1
        pipe.send(result._replace(seconds=time.monotonic() - started))
    for kind in kinds.values():
        kind.close()


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


class Worker:
    """A process that runs batches, and what it is running."""

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.progress = context.Array("q", [-1, 0, 0, 0])
        place = tempfile.mkdtemp(dir=folder)
        arguments = other, self.progress, place
        self.process = context.Process(target=_work, args=arguments, daemon=False)
        self.process.start()
        other.close()
        self.job: tuple[type[Kind], int, int] | None = None

    def give(self, job: tuple[type[Kind], int, int]) -> None:
        self.job = job
        self.pipe.send(job)

    def result(self) -> Result | None:
        """The result of its batch; None: it ended within it."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return None

    def kill_if_hanging(self) -> None:
        seed, since, *_ = self.progress[:]
        limit = self.job[0].seconds * HANGING if self.job else 0
        if seed >= 0 and limit and time.monotonic() - since > limit:
            self.process.kill()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send(None)
        self.process.join(30)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def lost(worker: Worker) -> tuple[Result, tuple[type[Kind], int, int]]:
    """What an ended process had counted, with its finding, and what is left to do."""
    assert worker.job
    kind, _, last = worker.job
    seed, _, refused, taken = worker.progress[:]
    if seed < 0:
        raise RuntimeError(f"the kind {kind.name} cannot be made: see standard error")
    how = worker.process.exitcode
    problem = f"the process ended: {f'signal {-how}' if how and how < 0 else how}"
    found = Found(kind.name, seed, problem)
    result = Result(kind.name, refused, taken, findings=(found,))
    return result, (kind, seed + 1, last)


def batches(counts: dict[type[Kind], int], first: int) -> Iterator[tuple]:
    """The cases of each kind in pieces, the costly kinds first."""
    for kind, count in counts.items():
        for start in range(first, first + count, BATCH):
            yield kind, start, min(start + BATCH, first + count)


def run(
    counts: dict[type[Kind], int], *, processes: int = 1, first: int = 0, report=None
) -> list[Result]:
    """The results of each kind, in the order of `counts`.

    Args:
      counts: the number of cases of each kind.
      first: the seed of each kind's first case.
      report: called with the results so far after each batch.
    """
    results = {kind.name: Result(kind.name) for kind in counts}
    jobs = [*batches(counts, first)][::-1]
    with tempfile.TemporaryDirectory() as folder:
        workers: list[Worker] = []
        try:
            while jobs or workers:
                while jobs and len(workers) < processes:
                    workers.append(Worker(Path(folder)))
                    workers[-1].give(jobs.pop())
                ready = wait([worker.pipe for worker in workers], timeout=1)
                for worker in [*workers]:
                    worker.kill_if_hanging()
                    if worker.pipe not in ready:
                        continue
                    _collect(worker, results, jobs)
                    if worker.job is None:
                        workers.remove(worker)
                        worker.end()
                if report and ready:
                    report([*results.values()])
        finally:
            for worker in workers:
                worker.process.kill()
                worker.process.join()
    return [*results.values()]


def _collect(worker: Worker, results: dict[str, Result], jobs: list) -> None:
    """Take a worker's result, and give it the next batch; `job` is None at its end."""
    result = worker.result()
    if result is None:
        result, rest = lost(worker)
        if rest[1] < rest[2]:
            jobs.append(rest)
        worker.job = None
    name = result.kind
    results[name] += result
    if len(results[name].findings) >= MOST_FINDINGS:
        jobs[:] = [job for job in jobs if job[0].name != name]
    if worker.job:
        worker.job = None
        if jobs:
            worker.give(jobs.pop())


def table(results: Sequence[Result]) -> str:
    """The counts of each kind, and its findings below."""
    head = f"{'kind':<20}{'cases':>8}{'refused':>9}{'taken':>8}{'findings':>10}{'s':>8}"
    lines = [head]
    for one in results:
        counts = f"{one.cases:>8}{one.refused:>9}{one.taken:>8}{len(one.findings):>10}"
        lines.append(f"{one.kind:<20}{counts}{one.seconds:>8.1f}")
    total = sum(one.cases for one in results)
    lines.append(f"{'all':<20}{total:>8}")
    lines += [str(found) for one in results for found in one.findings]
    return "\n".join(lines)
