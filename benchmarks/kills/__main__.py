"""Kills training, freezing and downloading, and looks at what is on the disk.

    python -m benchmarks.kills [--times 500] [--json FILE]

Each command is killed (SIGKILL) once before every call that renames, truncates, syncs
or deletes a file or folder, and then at random instants. After each kill the folder
must hold the old state or the new one, whole; after the next run of the same command
the result of an undisturbed run and nothing else. Exits with status 1 if not.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.kills.tracer import why_not
from helpers.quiet import import_tensorflow
from helpers.whole_files import write_whole


@click.command()
@click.option("--times", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--command", "names", multiple=True, help="Only this one; repeatable.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write it here.")
def main(times: int, seed: int, names: tuple[str, ...], file: Path | None) -> None:
    """Kill the commands; see the top of this file."""
    if reason := why_not():
        raise click.ClickException(f"nothing was killed: {reason}")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import_tensorflow()
    from benchmarks.kills.experiment import kill_all, plan, table, undisturbed
    from benchmarks.kills.prepared import COMMANDS, prepared

    names = names or tuple(COMMANDS)
    if unknown := set(names) - set(COMMANDS):
        raise click.UsageError(f"no command {unknown}: one of {list(COMMANDS)}")
    tallies = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with prepared(folder, names) as commands:
            runs = [
                undisturbed(name, command, folder)
                for name, command in zip(names, commands, strict=True)
            ]
            for run, kills in zip(runs, plan(runs, times, seed), strict=True):
                tallies.append(kill_all(run, kills, folder))
                click.echo(tallies[-1].line(), err=True)
    click.echo(table(tallies))
    for problem in [problem for tally in tallies for problem in tally.problems]:
        click.echo(problem)
    if file:
        text = json.dumps([tally._asdict() for tally in tallies], indent=1)
        write_whole(file, f"{text}\n".encode())
    sys.exit(1 if any(tally.problems for tally in tallies) else 0)


if __name__ == "__main__":
    main()
