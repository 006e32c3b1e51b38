"""Sends mutated files and requests to all that reads them, and prints a table.

    python benchmarks/fuzz.py --cases 100000 [--kind photo]… [--first 0] [--processes 2]
    python benchmarks/fuzz.py --case photo:17 [--write FOLDER]

Each case has a number, which makes it again. It may be taken or be refused with a
sentence; another exception, a process that ends, over 2 s (3 s or 20 s where graphs are
searched or whole models are frozen) of CPU time and over 300 MiB of memory are
findings. The exit status is 1 if there are any.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from tests.fuzz.all_kinds import BY_NAME, KINDS, shared_out
from tests.fuzz.kinds import Finding, case_rng
from tests.fuzz.runs import raise_too_slow, run, run_case, table


@click.command()
@click.option("--cases", default=100_000, show_default=True, help="Of all kinds.")
@click.option("--kind", "names", multiple=True, type=click.Choice([*BY_NAME]))
@click.option("--first", default=0, show_default=True, help="The first number.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option(
    "--case", metavar="KIND:NUMBER", help="Only this one, with its traceback."
)
@click.option("--write", type=Path, metavar="FOLDER", help="Where to write the case.")
@click.option("--progress", is_flag=True, help="The table on stderr from time to time.")
def main(cases, names, first, processes, case, write, progress) -> None:
    """Try mutated input of every kind."""
    if case:
        sys.exit(run_one(*case.split(":"), write))
    kinds = tuple(BY_NAME[name] for name in names) or KINDS

    def report(results) -> None:
        if progress:
            click.echo(table(results) + "\n", err=True)

    results = run(
        shared_out(cases, kinds), processes=processes, first=first, report=report
    )
    click.echo(table(results))
    sys.exit(any(result.findings for result in results))


def run_one(name: str, number: str, write: Path | None) -> int:
    """Run one case, and print how it is answered."""
    signal.signal(signal.SIGPROF, raise_too_slow)
    with tempfile.TemporaryDirectory() as folder:
        kind = BY_NAME[name](Path(folder))
        if write:
            write_case(write, kind.make(case_rng(name, int(number))))
        try:
            click.echo(run_case(kind, int(number)))
        except Finding as found:
            click.echo(found)
            return 1
        finally:
            kind.close()
    return 0


def write_case(folder: Path, case) -> None:
    """Write the files of a case, or the one that it is."""
    folder.mkdir(parents=True, exist_ok=True)
    files = case if isinstance(case, dict) else {"case": case}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else repr(data).encode())


if __name__ == "__main__":
    main()
