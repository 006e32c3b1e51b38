"""Sends mixed traffic to the web app for minutes, and checks that nothing grows.

    python -m benchmarks.soak [--minutes 10 | --requests 200000] [--json FILE]

Starts the app with two workers and a models folder of its own, on a free port of
127.0.0.1, and sends only to it. Exits with status 1 if a claim does not hold.
"""

import json
import signal
import sys
from pathlib import Path

import click

from benchmarks.soak.run import Plan, run
from benchmarks.soak.table import text_of
from benchmarks.soak.verdicts import verdicts
from helpers.whole_files import write_whole


@click.command()
@click.option("--minutes", type=click.FloatRange(0.05, 24 * 60), default=10.0)
@click.option("--requests", type=click.IntRange(1), help="End after so many instead.")
@click.option("--clients", type=click.IntRange(1, 200), default=16, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write it here.")
def main(
    minutes: float, requests: int | None, clients: int, host: str, file: Path | None
) -> None:
    """Soak the web app; see the top of this file."""
    if host != "127.0.0.1":
        raise click.UsageError(
            f"the soak test sends to 127.0.0.1 only, and {host[:80]!r} is another "
            "host: leave --host out"
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the app ends, too
    result = run(Plan(seconds=minutes * 60, requests=requests, clients=clients))
    click.echo(text_of(result))
    found = verdicts(result)
    if file:
        figures = result.as_json() | {"verdicts": [one._asdict() for one in found]}
        write_whole(file, json.dumps(figures, indent=1).encode() + b"\n")
    sys.exit(0 if all(verdict.holds for verdict in found) else 1)


if __name__ == "__main__":
    main()
