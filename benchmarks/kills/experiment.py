"""Kills one command many times, and counts what was on the disk."""

import random
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.kills.commands import Command
from benchmarks.kills.tracer import Run, run_traced

HEADS = ("command", "calls", "kills", "old state", "new state", "damaged", "swept")


class Tally(NamedTuple):
    """What was found after the kills of one command."""

    command: str
    calls: int  # of an undisturbed run
    kills: int
    old: int
    new: int
    damaged: int
    swept: int  # the next run ended with the result of an undisturbed one, and no more
    problems: list[str]

    def cells(self) -> list[str]:
        return [str(value) for value in self[:-1]]

    def line(self) -> str:
        return ", ".join(
            f"{cell} {head}" if place else cell
            for place, (head, cell) in enumerate(zip(HEADS, self.cells(), strict=True))
        )


class Undisturbed(NamedTuple):
    """A run that was not killed."""

    name: str
    command: Command
    calls: int
    seconds: float
    result: dict[str, object]


class Kill(NamedTuple):
    """When to kill: before a call, counted from 1, or after some seconds."""

    call: int | None
    seconds: float | None


def undisturbed(name: str, command: Command, folder: Path) -> Undisturbed:
    """Run the command once, and count its calls."""
    place = folder / "killed"
    started = time.monotonic()
    run = _run(command, place, Kill(None, None))
    seconds = time.monotonic() - started
    assert run.status == 0, _log(place)
    return Undisturbed(name, command, len(run.calls), seconds, command.result(place))


def plan(runs: list[Undisturbed], times: int, seed: int) -> list[list[Kill]]:
    """The kills of each command: one before each call, and the rest at random.

    If there are more calls than times, a part of the calls is chosen evenly.
    """
    calls = [(run, call) for run in runs for call in range(1, run.calls + 1)]
    picked = np.unique(np.linspace(0, len(calls) - 1, min(len(calls), times)).round())
    kills: dict[str, list[Kill]] = {run.name: [] for run in runs}
    for place in picked.astype(int):
        run, call = calls[place]
        kills[run.name].append(Kill(call, None))
    rng = random.Random(seed)
    for number in range(times - len(picked)):
        run = runs[number % len(runs)]
        instant = rng.uniform(0, run.seconds)
        kills[run.name].append(Kill(None, instant))
    return list(kills.values())


def kill_all(run: Undisturbed, kills: list[Kill], folder: Path) -> Tally:
    """Kill a command again and again, and look at the folder after each kill."""
    command, place = run.command, folder / "killed"
    found = {"old": 0, "new": 0, "damaged": 0, "swept": 0}
    problems: list[str] = []
    for kill in kills:
        killed = _run(command, place, kill)
        when = f"before {killed.calls[-1]}" if kill.call else f"after {kill.seconds} s"
        try:
            found[command.check(place)] += 1
        except Exception as error:  # whatever reading a damaged folder raises
            found["damaged"] += 1
            problems.append(f"{run.name}, killed {when}: {error!r}")
        again = run_traced(lambda: command.run(place), log=place.with_suffix(".log"))
        if problem := _difference(command, place, run.result, again):
            problems.append(f"{run.name}, killed {when}, then run again: {problem}")
        else:
            found["swept"] += 1
    return Tally(run.name, run.calls, len(kills), **found, problems=problems)


def _run(command: Command, place: Path, kill: Kill) -> Run:
    """One run in the old state."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    command.start(place)
    log = place.with_suffix(".log")
    return run_traced(
        lambda: command.run(place), log=log, call=kill.call, seconds=kill.seconds
    )


def _log(place: Path) -> str:
    return place.with_suffix(".log").read_text(errors="replace")[-2000:]


def _difference(command: Command, place: Path, wanted: dict, again: Run) -> str | None:
    """What the next run's result lacks; None: it is that of an undisturbed run."""
    if again.status:
        return f"status {again.status}: {_log(place)}"
    found = command.result(place)
    if found.keys() != wanted.keys():
        return f"has {sorted(found.keys() ^ wanted.keys())} too much or too little"
    for name, value in wanted.items():
        same = value == found[name]
        if isinstance(value, np.ndarray):
            same = np.allclose(value, np.asarray(found[name]), atol=1e-4)
        if not same:
            return f"{name} is {found[name]}, not {value}"
    return None


def table(tallies: list[Tally]) -> str:
    """The tallies and their sums as text in columns."""
    sums = [
        str(sum(column)) for column in zip(*(t[1:-1] for t in tallies), strict=True)
    ]
    rows = [list(HEADS), *(tally.cells() for tally in tallies), ["all", *sums]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
